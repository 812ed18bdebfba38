-- The visits of some places, agents or screens, which most filters ask for: a month of them is a few rows among very many. Equal
-- combinations of a day share an entry.
CREATE INDEX visits_surroundings ON visits (site_no, surroundings, day);

-- How long visits are: without this the planner takes a third of them for so long as `visits_stretched` asks.
CREATE STATISTICS visits_length ON (last - start) FROM visits;
