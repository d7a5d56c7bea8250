"""Cohorts: patients drawn from a released model under conditions. Post-processing of public numbers: it costs no privacy."""
