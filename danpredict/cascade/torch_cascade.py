"""The cascade in torch, for a GPU: sampling, transforms and stages all run on the device.

The arithmetic is that of `danpredict.cascade.onnx_cascade`: blocks of pixels are averaged as in
OpenCV, similarity transforms are fitted as in scikit-image.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from danpredict.cascade.outputs import Refined, check_offsets, check_uncertainty
from danpredict.geometry.complex_similarity import Placement, Similarity, as_similarity
from danpredict.geometry.sampling import Image, read_stride, shrink_factor
from danpredict.geometry.similarity import Target
from danpredict.geometry.torch_sampling import warp
from danpredict.model.file import Model
from danpredict.model.onnx_to_torch import network_of


def check_device(name: str) -> torch.device:
    """The torch device of a name such as ``cuda`` or ``cuda:1``.

    Raises
    ------
    ValueError
        No such device, or torch cannot use it here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (
        AssertionError,
        RuntimeError,
    ) as error:  # this build of torch lacks it, or the machine has none
        raise ValueError(
            f"expected device 'auto', 'cpu', or one that torch can use here such as 'cuda', "
            f"got {name!r} ({str(error).splitlines()[0]})"
        ) from error
    return device


class Photo:
    """An image on the device: gray, and averaged in blocks. Each block size is computed once."""

    def __init__(self, image: Image, device: torch.device) -> None:
        pixels = torch.from_numpy(np.ascontiguousarray(image)).to(device).float()
        gray = pixels if image.ndim == 2 else torch.round(pixels.mean(-1))
        if not image.size:
            gray = torch.zeros(1, 1, device=device)
        self.levels = {1: gray[None, None]}  # (1, 1, H, W)

    def factor(self, scale: float) -> int:
        """The blocks' side for a face of this scale, canonical pixels per image pixel."""
        return shrink_factor(scale, self.levels[1].shape[2:])

    def level(self, factor: int) -> Tensor:
        """(1, 1, H // factor, W // factor) float32, whole gray levels."""
        if factor not in self.levels:
            gray, stride = self.levels[1], read_stride(factor)
            if stride > 1:
                height, width = (side // stride for side in gray.shape[2:])
                whole = gray[..., : height * stride, : width * stride]
                gray = torch.round(F.interpolate(whole, (height, width), mode="bilinear"))
            self.levels[factor] = torch.round(F.avg_pool2d(gray, factor // stride))
        return self.levels[factor]


class TorchCascade:
    """All stages of a model on a torch device.

    The counterpart of `danpredict.cascade.onnx_cascade.Cascade`.
    """

    def __init__(self, model: Model, device: torch.device) -> None:
        self.device = device
        self.size, self.mean_shape = model.input_size, model.mean_shape
        self.target = Target(model.mean_shape)
        self.network = network_of(model).to(device)
        self.has_uncertainty = self.network.config.uncertainty

    def _faces(self, photos: Sequence[Photo], transform: Tensor) -> Tensor:
        """The canonical frames, (N, 1, S, S) float32; faces of one photo and scale in one batch."""
        scales = torch.hypot(transform[:, 0, 0], transform[:, 1, 0]).tolist()
        groups: dict[tuple[int, int], list[int]] = {}
        for i, (photo, scale) in enumerate(zip(photos, scales, strict=True)):
            groups.setdefault((id(photo), photo.factor(scale)), []).append(i)
        faces = torch.empty(len(photos), 1, self.size, self.size, device=self.device)
        for (_, factor), members in groups.items():
            level = photos[members[0]].level(factor).expand(len(members), -1, -1, -1)
            # A level's pixel u is centred on the image's factor * u + (factor - 1) / 2.
            part = transform[members]
            shift = part[..., 2] + part[..., :2].sum(-1) * (factor - 1) / 2
            part = torch.cat([part[..., :2] * factor, shift[..., None]], -1)
            faces[members] = warp(level, part.float(), self.size)
        return faces

    @torch.inference_mode()
    def refine(self, images: Sequence[Image], transforms: Sequence[Placement]) -> Refined:
        """Run all stages; see `danpredict.cascade.onnx_cascade.Cascade.refine`."""
        known: dict[int, Photo] = {}
        photos = []
        for image in images:
            if id(image) not in known:
                known[id(image)] = Photo(image, self.device)
            photos.append(known[id(image)])
        # Landmarks and transforms are float64, as in scikit-image.
        matrices = [as_similarity(transform).rows() for transform in transforms]
        transform = torch.tensor(matrices, dtype=torch.float64, device=self.device)
        mean_shape = torch.from_numpy(self.mean_shape).to(self.device)
        stages = []
        for result in self.network.refine(partial(self._faces, photos), transform, mean_shape):
            check_offsets(result.output.offsets.cpu().numpy(), self.size)
            stages.append(result.landmarks.cpu().numpy())
        transform, output = result.transform, result.output
        last = list(map(Similarity.from_rows, transform.tolist()))
        if not self.has_uncertainty:
            return Refined(stages, None, None, last)
        scale = torch.hypot(transform[:, 0, 0], transform[:, 1, 0])[:, None]
        assert output.log_sigma is not None
        assert output.logit is not None
        sigma = torch.exp(output.log_sigma)
        confidence = torch.sigmoid(output.logit).cpu().numpy()
        check_uncertainty(sigma.cpu().numpy(), confidence, self.size)
        return Refined(stages, (sigma / scale).cpu().numpy(), confidence, last)
