-- When retention takes the raw rows of imported history away, it leaves here the last day on which some was received:
-- the rollups of such a day are kept from then on, not from the day itself.
ALTER TABLE site_days ADD COLUMN history_received date;
