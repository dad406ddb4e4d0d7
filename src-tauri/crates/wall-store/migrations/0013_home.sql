-- The cell in which a ticket was first found: the coarse place of who does not see the exact one. Kept from then on, so that
-- redrawing cells around a ticket does not tell where in its cell it lies. No line: it was never inside a cell.
CREATE TABLE ticket_home (
    ticket_id INTEGER NOT NULL REFERENCES ticket (id), network_id INTEGER NOT NULL REFERENCES network (id),
    cell_id INTEGER NOT NULL REFERENCES cell (id), PRIMARY KEY (ticket_id, network_id)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO ticket_home (ticket_id, network_id, cell_id)
    SELECT ticket_id, network_id, cell_id FROM attribution WHERE cell_id IS NOT NULL ORDER BY ticket_id, network_id, from_revision;
