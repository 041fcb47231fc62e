"""The values that flow through motionprep, and the kinematics that they are solved by."""
