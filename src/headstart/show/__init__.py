"""Rows become tables, charts and a report; nothing is computed here that another room should know."""
