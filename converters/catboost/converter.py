"""The converter of CatBoost's models: estimators and ``CatBoost``."""

from lading.converters.boosting.converter import BoostedConverter


class CatboostConverter(BoostedConverter):
    """Converts CatBoost's models from what CatBoost itself writes of them."""

    name = "catboost"
