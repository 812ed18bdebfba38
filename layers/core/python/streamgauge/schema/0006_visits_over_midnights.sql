-- A visit over two midnights or more is found by the daily keys in its middle as well. There are next to none of them.
CREATE INDEX visits_long ON visits (site_no, last) WHERE cardinality(later_keys) > 1;
