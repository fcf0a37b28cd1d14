"""What we tell other programs: facts of ours, signed, to the addresses that they named."""
