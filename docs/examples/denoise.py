"""From corrupted markers to the joints, in the frame of the trunk: a small denoiser of motion capture.

    motionprep sample -o DATA --markers
    motionprep build DATA --recipe cmu-markers-denoise -o OUT
    python docs/examples/denoise.py OUT PRED.npy
    motionprep score PRED.npy OUT

On the generated corpus and two cores all of it takes a minute or two. Needs PyTorch: pip install torch.
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

import motionprep
from motionprep.torch import IterableWindowDataset

EPOCHS = 5
HIDDEN = 256


def main(out: str, predictions: str) -> None:
    """Train on the train split of the dataset ``out``, and write what is predicted for test."""
    torch.manual_seed(0)
    dataset = motionprep.open(out)
    # What the task of the recipe says: markers and which are seen, to where joints are and how they are turned. Train
    # is corrupted in four ways, test is as it was recorded.
    train, test = dataset["train"].windows(), dataset["test"].windows()
    network = nn.Sequential(
        nn.Linear(train.shapes["inputs"][-1], HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, train.shapes["targets"][-1]),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    loader = DataLoader(IterableWindowDataset(train, 256), batch_size=None)
    for epoch in range(EPOCHS):
        losses = []
        for batch in loader:
            loss = (network(batch["inputs"][:, 0]) - batch["targets"][:, 0]).abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        decay.step()
        print(f"epoch {epoch + 1}: train {np.mean(losses):.4f}")
    network.eval()
    with torch.no_grad():
        np.save(predictions, network(torch.from_numpy(test[:]["inputs"][:, 0])).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
