"""Facts about other libraries, data only: what they call a scheme, what their layers start from, their gains."""
