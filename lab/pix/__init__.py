"""The PIX providers of the lab: one book of charges, and a dialect a provider."""
