"""The stacks of a stage: storage keeps data, compute runs code, edge stands before both, web_acl guards the edge."""
