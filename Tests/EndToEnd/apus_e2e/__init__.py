"""Helpers of the end-to-end tests: the server process, raw HTTP, v2 tensors, repositories."""
