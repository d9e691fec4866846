"""A repository of an OCI registry, such as GitHub's ghcr.io: addresses, logins, requests and artifacts."""
