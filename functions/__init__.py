"""Entry points: one module is one Lambda function, thin over `streamgauge`. No function imports another."""
