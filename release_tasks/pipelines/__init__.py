"""Definitions for CI that are written from the order: what runs where, and with which rights."""
