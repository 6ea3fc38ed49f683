"""The converter of XGBoost's models: estimators and ``Booster``."""

from lading.converters.boosting.converter import BoostedConverter


class XgboostConverter(BoostedConverter):
    """Converts XGBoost's models from what XGBoost itself writes of them."""

    name = "xgboost"
