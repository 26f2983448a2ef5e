// Every bound in one place: loops, retries, queues, pages, bodies and waits. Names end in their unit.

const KIB = 1024;
const MIB = 1024 * KIB;

/** A partition's head: entries in its tail when it is rolled, and the hard cap at which appends are refused. */
export const TAIL_ENTRIES_ROLL = 16;
export const TAIL_ENTRIES_CAP = 256;

/** Topics. Heads are created up to 98 to a transaction (DynamoDB takes 100 items; two check the floor and the tombstone). */
export const PARTITIONS_PER_TOPIC_MAX = 1_000;
export const HEADS_PER_TRANSACTION_MAX = 98;
export const HEADS_PER_DELETE_MAX = 25;
export const HEADS_PER_READ_MAX = 100;
export const TOPICS_PER_LIST_PAGE_MAX = 1_000;
/** How long a process believes what it knows of a topic. */
export const TOPIC_CACHE_TTL_MS = 30_000;
export const TOPIC_CACHE_ENTRIES_MAX = 10_000;

/** What max.message.bytes can be set to: one batch must fit a Lambda's answer. */
export const BATCH_BYTES_MAX = 4 * MIB;
/** Batches of one request for one partition share an index entry up to this size, so that a fetch can be small. */
export const ENTRY_BYTES_MAX = 1 * MIB;

/** One produce request. */
export const REQUEST_BYTES_MAX = 10 * MIB;
/** Lambda takes 1 MB asynchronously, and batches are base64 in it. */
export const ASYNC_REQUEST_BYTES_MAX = 700 * KIB;
/** An asynchronous append that waits or fails this long is given up, well before its object could be garbage. */
export const ASYNC_EVENT_AGE_MS_MAX = 900_000;
export const ASYNC_EVENT_RETRIES_MAX = 2;
export const RECORDS_PER_REQUEST_MAX = 10_000;
export const PARTITIONS_PER_PRODUCE_MAX = 1_000;

/** One fetch. */
export const FETCH_BYTES_DEFAULT = 1 * MIB;
/** As Kafka's fetch.min.bytes: a fetch that may wait waits for something. */
export const FETCH_MIN_BYTES_DEFAULT = 1;
/** What fits Lambda's 6 MB answer as base64. */
export const FETCH_BYTES_MAX = 4_500_000;
/** Lambda's 6 MB, less what stands around the body: status and headers. */
export const FUNCTION_ANSWER_BYTES_MAX = 6 * MIB - 16 * KIB;
/** By reference no byte passes through Lambda. */
export const REFERENCE_BYTES_MAX = 256 * MIB;
export const FETCH_WAIT_MS_MAX = 20_000;
export const PARTITIONS_PER_FETCH_MAX = 1_000;
export const FETCH_POLL_MS_MIN = 50;
export const FETCH_POLL_MS_MAX = 500;
/** On one machine a look at a head costs next to nothing. */
export const LOCAL_POLL_MS_MIN = 2;
export const LOCAL_POLL_MS_MAX = 25;
/** Requests with acks=0 that may wait in one process, and what they may hold together. */
export const LATE_APPENDS_MAX = 1_000;
export const LATE_APPEND_BYTES_MAX = 64 * MIB;
/** How many index look-ups a time search may take: 2^64 offsets halved. */
export const TIME_SEARCH_STEPS_MAX = 64;
/** A reader that finds what it held replaced looks afresh at the head this often. */
export const READ_ATTEMPTS_MAX = 3;
/** How long a presigned range works. */
export const REFERENCE_LIFETIME_MS = 300_000;

/** What one batch may grow to when it is decompressed for JSON, and what all records of one JSON answer may hold. */
export const DECOMPRESSED_BATCH_BYTES_MAX = 16 * MIB;
export const JSON_ANSWER_BYTES_MAX = 4_500_000;
export const JSON_RECORDS_MAX = 10_000;
/** How deep JSON values may nest. */
export const JSON_DEPTH_MAX = 500;

/** A refusal that surely had no effect (throttled, conflict) is tried again this often, with these pauses. */
export const STORAGE_ATTEMPTS_MAX = 5;
export const STORAGE_BACKOFF_MS_MIN = 20;
export const STORAGE_BACKOFF_MS_MAX = 1_000;
/**
 * After an unknown outcome: index pages looked through for the entry, with one request. A head takes 1,000 appends a second,
 * so until the answer is given up (HEAD_REQUEST_TIMEOUT_MS) others can have filled 188.
 */
export const LOST_ANSWER_PAGES_MAX = 256;
/** Connections of one process to one service; more requests wait for one of them. */
export const STORAGE_CONNECTIONS_MAX = 256;
/** One storage call, request and answer. */
export const STORAGE_CONNECT_TIMEOUT_MS = 1_000;
export const HEAD_REQUEST_TIMEOUT_MS = 3_000;
export const OBJECT_REQUEST_TIMEOUT_MS = 10_000;

/** DynamoDB's largest item; the local home refuses larger ones too, so that nothing works there that can't elsewhere. */
export const ITEM_BYTES_MAX = 400 * KIB;
/** Local storage: writes that share a commit, and that may wait for one. */
export const LOCAL_WRITES_PER_COMMIT_MAX = 1_000;
export const LOCAL_WRITES_WAITING_MAX = 20_000;
/** How often, and with what pauses, a process comes back while another one holds the lock it needs. */
export const LOCAL_BUSY_ATTEMPTS_MAX = 20_000;
export const LOCAL_BUSY_PAUSE_MS = 1;
/** How long opening a data directory waits for a process that is making it. */
export const LOCAL_OPEN_WAIT_MS = 30_000;
/**
 * The local home's write-ahead log is moved into the database in a thread of its own after so many changed rows, and so
 * long after the last time; at so many pages of 4 KiB inside a commit, which the event loop waits for.
 */
export const LOCAL_CHECKPOINT_CHANGES = 500;
export const LOCAL_CHECKPOINT_PAUSE_MS = 50;
export const LOCAL_CHECKPOINT_PAGES = 4_000;
/** Objects up to this size lie in the database, where they share commits; larger ones are files. */
export const LOCAL_ROW_OBJECT_BYTES_MAX = 16 * KIB;
/** Files that one process reads and writes at a time; more wait. */
export const LOCAL_FILES_OPEN_MAX = 64;
/** What a writer that died has left half-written stays this long. */
export const LOCAL_STAGING_KEPT_MS = 86_400_000;
/** Rows of one answer that comes in pages. */
export const LOCAL_ROWS_PER_PAGE_MAX = 250;
/** Heads whose decoded tails a process keeps. */
export const LOCAL_HEADS_KEPT_MAX = 10_000;

/** A warm process keeps ranges that it read, up to this many bytes. */
export const RANGE_CACHE_BYTES_MAX = 64 * MIB;
/** Two ranges of one object that lie this close come with one GET. */
export const RANGE_GAP_BYTES_MAX = 1 * MIB;
/** Partitions of which a process remembers up to where they are merged. */
export const SEGMENT_HINTS_MAX = 10_000;
/** How long a process reads on in a segment without asking the index for it again; far below GARBAGE_GRACE_MS. */
export const SEGMENT_HINT_TTL_MS = 30_000;
/** Reads of at least this many bytes from a segment's beginning don't wait for its index. */
export const SEGMENT_BEGINNING_BYTES_MIN = 1 * MIB;
/** The search by time reads a segment in pieces of this size, and so many before the answer is where it got to. */
export const TIME_SCAN_BYTES = 1 * MIB;
export const TIME_SCAN_PIECES_MAX = 64;
/** After the search by time has found its page: pages looked through before the answer is the page's start. */
export const TIME_SCAN_PAGES_MAX = 64;

/** Background work. A segment's bytes at most, whatever segment.bytes says, and its age: idle partitions pin no garbage. */
export const SEGMENT_BYTES_MAX = 1024 * MIB;
export const SEGMENT_AGE_MS_MAX = 6 * 3_600_000;
/** Keys that the report of a garbage run names. */
export const GARBAGE_KEYS_REPORTED_MAX = 1_000;
/** Heads that one request of a scan gives. */
export const JOB_HEADS_PER_SCAN = 500;
/** A job's lease; what it bounds is only how long others leave the work to a job that died. */
export const JOB_LEASE_MS = 300_000;
/**
 * Memory of a job: parts that are filled, parts that are sent, and two windows of bytes that are read ahead; with what
 * else a process takes, less than 256 MiB.
 */
export const JOB_PARTITIONS_AT_ONCE = 100;
export const JOB_PART_MEMORY_BYTES = 64 * MIB;
/**
 * Index entries of one segment; entries (16 bytes each) and objects (100 bytes) that are held before what is due is
 * merged; and entries that partitions planned side by side may bring on top. A segment of 1 GiB in appends of 8 KiB or
 * more has fewer entries.
 */
export const JOB_SEGMENT_ENTRIES_MAX = 131_072;
export const JOB_ENTRIES_MAX = 1_000_000;
export const JOB_OBJECTS_MAX = 100_000;
export const JOB_PREPARED_ENTRIES_MAX = 524_288;
export const JOB_PREPARED_AT_ONCE = 32;
export const JOB_PARTS_SENT_AT_ONCE = 4;
export const JOB_WINDOW_BYTES = 8 * MIB;
export const JOB_GETS_AT_ONCE = 64;
/** Pages that one request of a job lists, and segments that one run makes of a partition. */
export const JOB_PAGES_PER_LIST = 500;
/** Requests that delete pages of one partition. */
export const JOB_DELETES_AT_ONCE = 8;
export const JOB_SEGMENTS_PER_RUN = 64;
/** How long after its end each job of the local home begins again. */
export const LOCAL_MERGE_INTERVAL_MS = 30_000;
export const LOCAL_RETENTION_INTERVAL_MS = 60_000;
export const LOCAL_COMPACT_INTERVAL_MS = 60_000;
export const LOCAL_GARBAGE_INTERVAL_MS = 900_000;
export const LOCAL_GROUPS_INTERVAL_MS = 300_000;
/** Bytes that a partition rolls between two nudges of the merging job. */
export const NUDGE_BYTES = 256 * MIB;
/** Segments that one rewrite of log compaction joins, and items of its transaction. */
export const SEGMENTS_PER_REWRITE_MAX = 40;
/** Pages, or other items of one partition's index, that one request deletes. */
export const PAGES_PER_DELETE_MAX = 25;
/** Objects that one request lists or deletes. */
export const OBJECTS_PER_LIST_MAX = 1_000;
export const OBJECTS_PER_DELETE_MAX = 1_000;
/** S3's least size of an upload's part, the last one apart. */
export const UPLOAD_PART_BYTES_MIN = 5 * MIB;
/** Keys that one pass of log compaction remembers: 30 bytes each. */
export const COMPACTION_KEYS_MAX = 4_000_000;
/**
 * How long what nothing names any more stays: longer than a reference lives, than an asynchronous append may wait,
 * than a transaction may take. A writer that sleeps longer between its object and its append is refused.
 */
export const GARBAGE_GRACE_MS = 2 * 3_600_000;

/** What a client is told to wait after 429 and 503. */
export const RETRY_AFTER_SECONDS = 1;

/** Groups. A group's name may be any text of this many characters; its item stays far below DynamoDB's 400 KB. */
export const GROUP_ID_CHARACTERS_MAX = 255;
export const MEMBER_ID_CHARACTERS_MAX = 255;
export const MEMBERS_PER_GROUP_MAX = 1_000;
export const SUBSCRIBED_TOPICS_MAX = 1_000;
export const TOPIC_REGEX_CHARACTERS_MAX = 256;
export const TOPIC_REGEX_STATES_MAX = 2_000;
export const PARTITIONS_PER_GROUP_MAX = 10_000;
/** What a group's item may grow to; what follows when members go must fit DynamoDB's largest item as well. */
export const GROUP_BYTES_MAX = ITEM_BYTES_MAX - 40 * KIB;
export const SESSION_TIMEOUT_MS_MIN = 1_000;
export const SESSION_TIMEOUT_MS_MAX = 1_800_000;
export const SESSION_TIMEOUT_MS_DEFAULT = 45_000;
export const REBALANCE_TIMEOUT_MS_MIN = 1_000;
export const REBALANCE_TIMEOUT_MS_MAX = 3_600_000;
export const REBALANCE_TIMEOUT_MS_DEFAULT = 300_000;
/** What members are told to wait between heartbeats: a third of the session timeout within these, faster while they converge. */
export const HEARTBEAT_INTERVAL_MS_MAX = 5_000;
export const HEARTBEAT_INTERVAL_MS_CONVERGING = 500;
/** A change to a group that loses against another one is worked out anew this often. */
export const GROUP_ATTEMPTS_MAX = 30;
export const GROUPS_PER_LIST_PAGE_MAX = 1_000;
/** Groups whose members a process remembers, to know who of them looks after the others. */
export const GROUP_ROSTERS_MAX = 10_000;

/** Committed offsets. */
export const OFFSET_METADATA_BYTES_MAX = 4_096;
/** Kafka's offsets.retention.minutes: how long the offsets of a group without members are kept. */
export const OFFSETS_RETENTION_MS = 604_800_000;
export const OFFSETS_PER_TRANSACTION_MAX = 99;
export const OFFSETS_PER_REQUEST_MAX = 1_000;
/** Partitions of which a process remembers how far it has seen them reach. */
export const LOG_ENDS_MAX = 10_000;
/** How many of a request's small storage calls run side by side. */
export const GROUP_CALLS_PARALLEL_MAX = 32;

/** Producer ids that a process takes at once: few, because a function that is gone takes the rest of them along. */
export const PRODUCER_IDS_PER_BLOCK = 10;
/**
 * States of idempotent producers in a partition's head. Beyond the maximum the idle ones are moved out, until so many
 * are kept: 16 states leave an append at one write unit, 32 at 1.7, since each takes about 21 bytes of the head. At the
 * cap, producers that aren't in the head are refused, retriable.
 */
export const PRODUCERS_PER_HEAD_MAX = 32;
export const PRODUCERS_PER_HEAD_KEPT = 16;
export const PRODUCERS_PER_HEAD_CAP = 128;
/** States that one update takes out of a head: DynamoDB's expressions hold so many with room to spare. */
export const PRODUCERS_PER_EVICTION_MAX = 64;
/** How often an eviction begins anew because a producer came back meanwhile. */
export const EVICTION_ATTEMPTS_MAX = 3;
/**
 * Kafka's producer.id.expiration.ms: how long the state of an idle producer is remembered outside the head; longer
 * than GARBAGE_GRACE_MS, so that no append which is still under way outlives it.
 */
export const PRODUCER_EXPIRATION_MS = 86_400_000;

/** What DynamoDB writes in one transaction: so many partitions can be appended to all or none. */
export const TRANSACTION_ITEMS_MAX = 100;
/**
 * A transaction that met other writes so often asks them to stay away: for how long, and how long it waits for those that
 * were under way. A hold that is further ahead than that is of a clock that is wrong, and is not heeded.
 */
export const HOLD_AFTER_CONFLICTS = 3;
export const HEAD_HOLD_MS = 300;
export const HEAD_HOLD_SETTLE_MS = 20;
/** An append that was held off so often waits for the hold to end. */
export const HOLD_PATIENCE_ATTEMPTS = 2;
/** How often an append to several heads goes again when it meets other writes of them: they can't be put in a line. */
export const ATOMIC_ATTEMPTS_MAX = 12;

/** Kafka's transaction.timeout.ms and transaction.max.timeout.ms; far below GARBAGE_GRACE_MS. */
export const TRANSACTION_TIMEOUT_MS_DEFAULT = 60_000;
export const TRANSACTION_TIMEOUT_MS_MIN = 1_000;
export const TRANSACTION_TIMEOUT_MS_MAX = 900_000;
export const TRANSACTIONAL_ID_CHARACTERS_MAX = 249;
/** Batches of one transaction: what its item holds, and what a head's tail takes at once. */
export const TRANSACTION_ENTRIES_MAX = 1_000;
export const TRANSACTION_ENTRIES_PER_PARTITION_MAX = 64;
export const TRANSACTION_METADATA_BYTES_MAX = 64 * KIB;
/** What its item takes as text: below DynamoDB's largest item, key and version beside it. */
export const TRANSACTION_BYTES_MAX = ITEM_BYTES_MAX - 4 * KIB;
/** A change to a transaction that loses against another one is worked out anew this often. */
export const TRANSACTION_ATTEMPTS_MAX = 12;
/** Ids of transactional producers begin here: a kind of their own, which is refused outside transactions. */
export const TRANSACTIONAL_PRODUCER_ID_MIN = 2n ** 52n;

/** Access lists. Names of resources are at most as long as the longest of any kind; a principal must fit a sort key. */
export const ACL_NAME_CHARACTERS_MAX = 255;
export const PRINCIPAL_BYTES_MAX = 1_000;
/** How long a process believes what it knows of the access lists before it asks whether they have changed. */
export const ACL_CACHE_TTL_MS = 10_000;
/** A process tells of the same refusal by access lists once in this time, and of so many. */
export const DENIALS_TOLD_EVERY_MS = 60_000;
export const DENIALS_TOLD_MAX = 500;
/** Entries that one request creates, and filters that one request deletes by. */
export const ACLS_PER_REQUEST_MAX = 1_000;
/** Entries that one transaction of the storage changes: one of its items is the version. */
export const ACLS_PER_WRITE_MAX = 99;
export const ACLS_PER_LIST_PAGE_MAX = 1_000;
/** Entries in all: what every process holds in memory, some 200 bytes each. */
export const ACLS_MAX = 20_000;
