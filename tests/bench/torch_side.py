"""PyTorch's side: one convolution with both gradients, and the training of the conv net. Needs only torch."""

import torch
from torch.nn.functional import conv2d, cross_entropy, relu

torch.set_num_threads(1)
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def conv2(images, kernel, layout):
    """Forward and both gradients. images: (B, H, W, C1). kernel: (kh, kw, C1, C2). layout: one of LAYOUTS."""
    (B, H, W, C1), (kh, kw, _, C2) = images, kernel
    order = LAYOUTS[layout]
    f = torch.randn(B, C1, H, W).contiguous(memory_format=order).requires_grad_()
    k = torch.randn(C2, C1, kh, kw).contiguous(memory_format=order).requires_grad_()
    upstream = torch.randn(B, C2, H - kh + 1, W - kw + 1).contiguous(memory_format=order)
    return lambda: torch.autograd.grad(conv2d(f, k), (f, k), upstream)


def training(layout, stride):
    """A step of the conv net of mnist_conv.py, eager, with torch.optim's SGD. stride: in place of down2?"""
    order = LAYOUTS[layout]
    x = torch.rand(50, 1, 28, 28).contiguous(memory_format=order)
    labels = torch.randint(10, (50,))
    params = [torch.randn(size) / 10 for size in [(8, 1, 4, 4), (8,), (16, 8, 2, 2), (16,), (576, 10)]]
    for place in (0, 2):
        params[place] = params[place].contiguous(memory_format=order)
    for param in params:
        param.requires_grad_()
    k1, b1, k2, b2, w = params
    optimizer = torch.optim.SGD(params, lr=0.01, momentum=0.9)

    def layer(images, kernel, bias):
        if stride:
            return relu(conv2d(images, kernel, bias, stride=2))
        return relu(conv2d(images, kernel)[:, :, ::2, ::2] + bias[:, None, None])

    def step():
        optimizer.zero_grad()
        cross_entropy(layer(layer(x, k1, b1), k2, b2).flatten(1) @ w, labels).backward()
        optimizer.step()

    return step
