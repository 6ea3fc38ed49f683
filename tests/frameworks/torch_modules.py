"""PyTorch's modules of every common architecture, and some that cannot be graphs, with rows for them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(120, 4))
MIXED: dict[str, np.ndarray] = {
    "numbers": RANDOM.normal(size=(40, 3)).astype(np.float32),
    "shop": RANDOM.integers(0, 10, 40),
}
IMAGES = RANDOM.normal(size=(12, 3, 16, 16)).astype(np.float32)
SERIES = RANDOM.normal(size=(30, 6, 2)).astype(np.float32)
LENGTHS = RANDOM.integers(2, 7, 30)
TEXTS: dict[str, np.ndarray] = {
    "tokens": RANDOM.integers(0, 50, (30, 12)),
    "used": np.arange(12)[None] < RANDOM.integers(3, 13, 30)[:, None],
}
"""Rows of 12 tokens, and which of them are no padding."""


class Table(nn.Module):
    """A network over columns, with what behaves otherwise in training."""

    def __init__(self, width: int = 4, classes: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(width, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Dropout(0.5))
        self.head = nn.Linear(16, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


class Image(nn.Module):
    """A small convolutional network."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(8, 5),
        )  # fmt: skip

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.layers(pixels)


class Mixed(nn.Module):
    """Two inputs, two outputs with names."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.shop = nn.Embedding(10, 4)
        self.price = nn.Linear(7, 1)

    def forward(self, shop: torch.Tensor, numbers: torch.Tensor) -> dict[str, torch.Tensor]:
        known = self.shop(shop)
        return {"price": self.price(torch.cat([known, numbers], 1)), "place": known}


class Recurrent(nn.Module):
    """A recurrent network over a series."""

    def __init__(self, kind: Callable[..., nn.Module] = nn.LSTM, **more: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cells = kind(2, 8, batch_first=True, **more)
        self.head = nn.LazyLinear(1)
        self(torch.zeros(1, 6, 2))

    def forward(self, series: torch.Tensor) -> torch.Tensor:
        seen, _ = self.cells(series)
        return self.head(seen[:, -1])


class Pair(NamedTuple):
    """Two answers with names."""

    mean: torch.Tensor
    spread: torch.Tensor


class Choosing(nn.Module):
    """Control flow that does not depend on values, and some that does, as tensors."""

    def forward(self, x: torch.Tensor) -> Pair:
        for _ in range(3):
            x = torch.where(x > 0, x, x * 0.5)
        return Pair(x.mean(1, keepdim=True), x.std(1, keepdim=True))


class Attending(nn.Module):
    """An encoder over tokens, of which some may be padding."""

    def __init__(self, layers: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(50, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, tokens: torch.Tensor, used: torch.Tensor | None = None) -> torch.Tensor:
        padding = None if used is None else ~used
        return self.encoder(self.embed(tokens), src_key_padding_mask=padding).mean(1)


class Causal(nn.Module):
    """Attention that looks back only."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.head = nn.Embedding(50, 8), nn.Linear(8, 2)
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        seen = self.embed(tokens)
        ahead = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool).triu(1)
        answer, _ = self.attend(seen, seen, seen, attn_mask=ahead, need_weights=False)
        return self.head(seen + answer)


class Scaled(nn.Module):
    """Attention by the function that has kernels of its own."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.mix, self.head = nn.Linear(2, 24), nn.Linear(8, 1)

    def forward(self, series: torch.Tensor) -> torch.Tensor:
        query, key, value = self.mix(series).unflatten(2, (3, 2, 4)).permute(2, 0, 3, 1, 4).unbind()
        seen = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.head(seen.transpose(1, 2).flatten(2)[:, -1])


class Residual(nn.Module):
    """A block whose answer is added to what went in."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


class Patches(nn.Module):
    """A small vision transformer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cut = nn.Conv2d(3, 16, 4, 4)
        self.first, self.place = nn.Parameter(torch.randn(1, 1, 16)), nn.Parameter(torch.randn(1, 17, 16))
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, norm_first=True, activation="gelu")
        self.head = nn.Linear(16, 5)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        seen = self.cut(pixels).flatten(2).transpose(1, 2)
        seen = torch.cat([self.first.expand(seen.shape[0], -1, -1), seen], 1) + self.place
        return self.head(self.encoder(seen)[:, 0])


class Skipping(nn.Module):
    """A network that makes images smaller and larger again, with a connection past that (U-Net)."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.before, self.down = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, 2, 1)
        self.up, self.after = nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        wide = torch.relu(self.before(pixels))
        return self.after(torch.cat([wide, torch.relu(self.up(torch.relu(self.down(wide))))], 1))


class Crossing(nn.Module):
    """Embeddings whose products count, beside a deep network (a factorization machine)."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.known, self.deep = nn.EmbeddingBag(50, 4, mode="sum"), nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 1))  # fmt: skip

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        pooled = self.known(tokens)
        return torch.sigmoid(self.deep(pooled) + (pooled * pooled).sum(1, keepdim=True))


class Ranking(nn.Module):
    """Answers of whole numbers beside real ones."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        best = torch.topk(x, 2)
        return {"values": best.values, "places": best.indices, "first": x.argmax(1), "sums": x.cumsum(1).clamp(-1, 1)}


class Deciding(nn.Module):
    """One of two computations, by the values of a call, as torch.cond writes it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cond(x.sum() > 0, lambda x: x * 2, lambda x: x - 1, (x,))


class Packing(nn.Module):
    """A recurrent network that is told how long each series is."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cells = nn.GRU(2, 4, batch_first=True)

    def forward(self, series: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(series, lengths, batch_first=True, enforce_sorted=False)
        return self.cells(packed)[1][0]


class Branching(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2 if x.sum() > 0 else x


class Fixed(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(2, -1) if x.shape[0] == 2 else x


class Counting(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.zeros(len(x), 4)


class Losing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean()


class Listing(nn.Module):
    def forward(self, x: torch.Tensor) -> Any:
        return x, "text"


class Leaving(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tensor(np.sort(x.numpy()))


class Rare(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(x)


class Failing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("the shop is closed")


class Dropping(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(x, 0.5, training=True)


class Drawing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.randn_like(x)


class Spectrum(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.fft.rfft(x)
