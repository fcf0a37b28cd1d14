"""Documents as PDF: what an ISP hands to its customers on paper or by e-mail."""
