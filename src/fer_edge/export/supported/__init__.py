"""The support table: which networks were taken through every format and precision, and what each file came to."""
