"""The vocabulary of the business."""
