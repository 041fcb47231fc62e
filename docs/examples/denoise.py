"""From spoilt markers to the joints, in the frame of the trunk: a small denoiser of motion capture.

    motionprep sample DATA --markers --motions 10
    motionprep build DATA --recipe cmu-markers-denoise -o OUT
    python docs/examples/denoise.py OUT PRED.npy
    motionprep score PRED.npy OUT

Markers are spoilt anew for each batch, as `Shift` and `Occlude` do it in a build. On the generated corpus and two cores
all of it takes about a minute. Needs PyTorch, pip install "motionprep[torch]".
"""

import sys

import numpy as np
import torch
from torch import nn

import motionprep
from motionprep.stages import Occlude, Shift

EPOCHS = 20
HIDDEN = 512
TARGETS = ["positions", "global_rotations"]


def main(out: str, predictions: str) -> None:
    """Train on the train split of the dataset ``out``, and write what is predicted for test."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    dataset = motionprep.open(out)

    def spoil(batch: dict) -> dict:
        marked = {name: batch[name] for name in ("markers", "markers_visible")}
        return {**batch, **motionprep.augment(marked, [Shift(), Occlude()], rng, metres_per_unit=1.0)}

    train = dataset["train"].windows(features=["markers", "markers_visible"], targets=TARGETS, transform=spoil)
    test = dataset["test"].windows()  # what the task of the recipe says: test is as it was recorded
    width, height = test.shapes["inputs"][-1], test.shapes["targets"][-1]
    network = nn.Sequential(
        nn.Linear(width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, height)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    batches = train.batches(256)
    for epoch in range(EPOCHS):
        losses = []
        for batch in batches:
            seen, visible = batch["markers_corrupt"], batch["markers_corrupt_visible"]
            inputs = np.concatenate([seen.reshape(len(seen), -1), visible.reshape(len(seen), -1)], axis=1)
            predicted = network(torch.from_numpy(inputs.astype(np.float32)))
            loss = (predicted - torch.from_numpy(batch["targets"][:, 0])).abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        decay.step()
        print(f"epoch {epoch + 1}: {np.mean(losses):.4f}")
    network.eval()
    with torch.no_grad():
        np.save(predictions, network(torch.from_numpy(test[:]["inputs"][:, 0])).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
