"""Datasets made of the answers: rows of the formats that trainers read, with what they rest on."""
