"""First label maps of the train and val images, and how well each region's label stands for the region."""
