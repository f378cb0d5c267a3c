"""Evidence measured on simulated worlds with planted truths, as their generator exports them."""
