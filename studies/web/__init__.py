"""The study's side door: routes that a server, or the app, is given."""
