"""Data for the demos: public patient data, split into hospitals that each see only their own patients."""
