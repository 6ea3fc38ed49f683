"""The converter of LightGBM's models: estimators and ``Booster``."""

from lading.converters.boosting.converter import BoostedConverter


class LightgbmConverter(BoostedConverter):
    """Converts LightGBM's models from what LightGBM itself writes of them."""

    name = "lightgbm"
