"""Simulated raters of known quality, who walk the real way over HTTP."""
