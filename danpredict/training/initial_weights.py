"""Take the initial weights of a network from a model file.

Export folds batch normalisations into kernels. This module restores the normalisations. First it
measures the statistics of their inputs on some training faces. Then it sets gain and offset of each
normalisation so that they cancel its statistics. In evaluation mode the network gives the same
results as the model file.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from danpredict.model.backbones import Norm
from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.onnx_to_torch import copy_weights


def unfold(norm: Norm, offset: Tensor) -> torch.utils.hooks.RemovableHandle:
    """Add a hook that sets a normalisation's parameters from the statistics of its next input.

    With these parameters the normalisation only adds ``offset`` in evaluation mode. The caller
    removes the hook with the returned handle.
    """

    def hook(module: nn.Module, inputs: tuple[Tensor]) -> None:
        (x,) = inputs
        axes = [axis for axis in range(x.ndim) if axis != 1]
        mean, variance = x.mean(axes), x.var(axes, correction=0)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean + offset)

    return norm.register_forward_pre_hook(hook)


@torch.no_grad()
def initialise_from(
    network: DeepAlignmentNetwork, model: Model, images: Tensor, transform: Tensor
) -> None:
    """Copy the weights of a model file. Layers with another shape keep their weights.

    Parameters
    ----------
    network : DeepAlignmentNetwork
        With the stages, backbone and input size of the model. The landmarks may differ.
    model : Model
    images, transform : Tensor
        Training faces on which statistics are measured; see `DeepAlignmentNetwork.forward`.

    Raises
    ------
    ValueError
        The model has other stages or layers.
    """
    if model.input_size != network.config.input_size or len(model.graphs) != len(network.stages):
        raise ValueError(
            f"expected initial weights of a model with {len(network.stages)} stages and an input "
            f"size of {network.config.input_size}, got {len(model.graphs)} stages and "
            f"{model.input_size}"
        )
    network.eval()
    hooks = []
    for stage, graph in zip(network.stages, model.graphs, strict=True):
        hooks += [unfold(norm, offset) for norm, offset in copy_weights(stage, graph)]
    network(images, transform)
    for hook in hooks:
        hook.remove()
