"""Local counterparts of Meta, Telegram and a PIX provider, with fault switches; never deployed.

Independent of the product on purpose: nothing here imports it, so that both sides of a protocol were written twice.
"""
