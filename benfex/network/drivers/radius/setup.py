"""What of ours stands in FreeRADIUS's database: the mark of our entries, and counters that never fall.

RADIUS's own tables have no column for a remark, so who is ours is in a table beside them: a name that is not in it is
somebody else's, and is never touched. It is made with the first write.
"""

from typing import Final, LiteralString

# Late and doubled interim updates come with smaller numbers, and the stock queries write them over the larger ones.
# A Start that is newer than the one kept is another session under the same id, whose counters begin anew.
STATEMENTS: Final[tuple[LiteralString, ...]] = (
    """
    CREATE TABLE IF NOT EXISTS benfex_access (
        username text PRIMARY KEY,
        connection_id bigint NOT NULL,
        method text NOT NULL,
        goes_on boolean NOT NULL DEFAULT false
    )
    """,
    "CREATE INDEX IF NOT EXISTS benfex_access_connection ON benfex_access (connection_id)",
    "CREATE INDEX IF NOT EXISTS benfex_radacct_stopped ON radacct (acctstoptime)",
    """
    CREATE OR REPLACE FUNCTION benfex_keep_counters() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.acctstarttime > OLD.acctstarttime + interval '2 seconds' AND OLD.acctstoptime IS NOT NULL THEN
            RETURN NEW;
        END IF;
        NEW.acctinputoctets := GREATEST(OLD.acctinputoctets, NEW.acctinputoctets);
        NEW.acctoutputoctets := GREATEST(OLD.acctoutputoctets, NEW.acctoutputoctets);
        NEW.acctsessiontime := GREATEST(OLD.acctsessiontime, NEW.acctsessiontime);
        RETURN NEW;
    END $$
    """,
    "DROP TRIGGER IF EXISTS benfex_keep_counters ON radacct",
    """
    CREATE TRIGGER benfex_keep_counters BEFORE UPDATE ON radacct
    FOR EACH ROW EXECUTE FUNCTION benfex_keep_counters()
    """,
)
