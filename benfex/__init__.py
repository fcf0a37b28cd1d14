"""Benfex: the ISP in one Python process."""
