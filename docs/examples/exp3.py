"""Say where the hips are from where all other nodes are, by a network of four layers: the third published experiment.

    motionprep sample -o DATA --motions 75
    motionprep build DATA --recipe cmu-exp3 -o OUT
    python docs/examples/exp3.py OUT PRED.npy
    motionprep score PRED.npy OUT
    motionprep export bvh OUT -o ANIMATION --from PRED.npy

On the generated corpus and two cores all of it takes a minute or two. Needs PyTorch:
pip install torch.
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

import motionprep
from motionprep.torch import IterableWindowDataset

EPOCHS = 60
HIDDEN = 256


def main(out: str, predictions: str) -> None:
    """Train on the train split of the dataset ``out``, and write what is predicted for test."""
    torch.manual_seed(0)
    dataset = motionprep.open(out)
    train, test = dataset["train"].windows(), dataset["test"].windows()  # what the task of the recipe says
    network = nn.Sequential(
        nn.BatchNorm1d(train.shapes["inputs"][-1]),
        *[layer for size in (111, HIDDEN, HIDDEN) for layer in (nn.Linear(size, HIDDEN), nn.ReLU())],
        nn.Linear(HIDDEN, train.shapes["targets"][-1]),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    loader = DataLoader(IterableWindowDataset(train, 256), batch_size=None)
    for epoch in range(EPOCHS):
        distances = []
        for batch in loader:
            predicted = network(batch["inputs"][:, 0])
            distance = (predicted - batch["targets"][:, 0]).norm(dim=-1).mean()
            optimizer.zero_grad()
            distance.backward()
            optimizer.step()
            distances.append(distance.item())
        decay.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: train ED {np.mean(distances):.3f}")
    network.eval()
    with torch.no_grad():
        np.save(predictions, network(torch.from_numpy(test[:]["inputs"][:, 0])).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
