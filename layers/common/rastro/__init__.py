"""Rastro's shared layer: from the ad click to the Purchase that Meta accepted, one room a subject."""
