"""What a budget can still buy once all histograms are there: how a patient's values follow the earlier ones."""
