"""The stage that scores one round: the network on the test split, the labels against the truth."""
