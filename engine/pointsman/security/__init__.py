"""What may be seen by whom. Today: redaction, between the journal's true values and everything that shows them."""
