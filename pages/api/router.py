"""The door of the REST API."""

from fastapi import FastAPI

from benfex.application import Benfex


def add_api(outer: FastAPI, benfex: Benfex) -> None:
    """Add the routes under /api/v1."""
