"""What happens when an invoice is not paid."""
