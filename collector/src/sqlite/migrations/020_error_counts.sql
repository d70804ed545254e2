-- How many flows each error has: a search for one need not count them to choose its way.
ALTER TABLE error_texts ADD COLUMN flows INTEGER NOT NULL DEFAULT 0;
UPDATE error_texts SET flows = (SELECT count(*) FROM error_flows WHERE error = number);

CREATE TRIGGER error_flows_put AFTER INSERT ON error_flows BEGIN
  UPDATE error_texts SET flows = flows + 1 WHERE number = NEW.error;
END;
CREATE TRIGGER error_flows_dropped AFTER DELETE ON error_flows BEGIN
  UPDATE error_texts SET flows = flows - 1 WHERE number = OLD.error;
END;
