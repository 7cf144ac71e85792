"""The functions invoked for real: ``sam local invoke`` in a container, with a sample event each.

Where a Docker engine answers, that engine is used with the base images of AWS. Where there is none, ``--start-engine`` (CI, as
root on Debian) fetches one, seals it off from every network, and gives it a stand-in for the base image, made of this
machine's own interpreter; when it ends, nothing of it is left running.
"""
