"""Makes what students receive."""
