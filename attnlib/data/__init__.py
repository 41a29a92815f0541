"""The book's data sets: offline first, checked, split the same way for ever."""

from attnlib.data._sources import DataError
from attnlib.data.digits import Digits, ImageSplit, load_digits
from attnlib.data.movielens import Movielens, load_movielens
from attnlib.data.reviews import Imdb, Split, encode, load_imdb, tokenize
from attnlib.data.scenes import Scenes, make_scenes
from attnlib.data.speech import (
    Recording,
    SpokenDigits,
    load_spoken_digits,
    synthesise,
)
from attnlib.data.splice_sites import (
    SiteSplit,
    SpliceSites,
    encode_rna,
    load_splice_sites,
    plant_sites,
)
from attnlib.data.translations import (
    Messages,
    Pairs,
    join_words,
    load_messages,
    make_phrases,
    split_words,
)
from attnlib.data.weather import Weather, load_weather

__all__ = [
    "DataError",
    "Digits",
    "ImageSplit",
    "Imdb",
    "Messages",
    "Movielens",
    "Pairs",
    "Recording",
    "Scenes",
    "SiteSplit",
    "SpliceSites",
    "Split",
    "SpokenDigits",
    "Weather",
    "encode",
    "encode_rna",
    "join_words",
    "load_digits",
    "load_imdb",
    "load_messages",
    "load_movielens",
    "load_splice_sites",
    "load_spoken_digits",
    "load_weather",
    "make_phrases",
    "make_scenes",
    "plant_sites",
    "split_words",
    "synthesise",
    "tokenize",
]
