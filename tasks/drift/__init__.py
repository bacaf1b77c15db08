"""segmend drift: are the images that came since the last promotion like the promoted ones? No stage, as the promoted data stands outside the DAG."""
