/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The `ctl` segment: commands from control to the data plane, answers and records back.
 *
 * Either side creates it when it is not there (under a lock file) and finds it again after a
 * restart of either. One command/answer ring pair for the main lcore, and for each worker one
 * answer ring (worker -> control), one record ring for access-log records, and one for heads of
 * requests (sl_heads.h).
 */
#ifndef SL_CTL_H
#define SL_CTL_H

#include <stdint.h>

#include "sl_ring.h"

#define SL_CTL_MAGIC       UINT64_C(0x4c54435345434c53) /* "SLCESCTL" */
#define SL_CTL_VERSION     3u
#define SL_CTL_WORKERS_MAX 32
#define SL_CTL_MSG_SLOTS   64u
#define SL_CTL_MSG_SIZE    512u
#define SL_CTL_LOG_SLOTS   1024u
#define SL_CTL_LOG_SIZE    2048u
#define SL_CTL_HEAD_SLOTS  64u
#define SL_CTL_HEAD_SIZE   2176u

enum sl_ctl_op {
	SL_CTL_EPOCH = 1, /* take up configuration `epoch` */
	SL_CTL_DRAIN,     /* stop taking connections, finish what is running */
	SL_CTL_UNDRAIN,   /* take connections again */
};

struct sl_ctl_cmd {
	uint32_t op; /* enum sl_ctl_op */
	uint32_t pad;
	uint64_t epoch;
};

struct sl_ctl_ans {
	uint32_t op;
	int32_t code; /* 0 or -errno */
	uint64_t epoch;
	uint64_t generation; /* of the data plane that answers */
	char text[256];      /* why code is not 0; NUL-terminated */
};

/**
 * One finished request, as a worker writes it. Strings follow the struct in the order of the
 * length fields, cut to fit SL_CTL_LOG_SIZE; a cut one has its length's SL_LOG_CUT bit set.
 */
#define SL_LOG_CUT     0x8000u
#define SL_LOG_NO_HTTP 2u /* a connection of another protocol, whose bytes were passed on */
enum sl_log_text {
	SL_LOG_METHOD,
	SL_LOG_PATH, /* as the client sent it, query included */
	SL_LOG_AUTHORITY,
	SL_LOG_USER_AGENT,
	SL_LOG_XFF,
	SL_LOG_REQUEST_ID,
	SL_LOG_UPSTREAM_CLUSTER,
	SL_LOG_ROUTE_NAME,
	SL_LOG_DETAILS, /* response code details, e.g. "via_upstream" */
	SL_LOG_FAILURE, /* upstream transport failure reason */
	SL_LOG_REFERER,
	SL_LOG_TEXTS
};

/* Response flags as bits; names in sl_log_flags. */
#define SL_FLAG_LIST(X)                            \
	X(UH, "no healthy upstream")               \
	X(UF, "upstream connection failure")       \
	X(UO, "upstream overflow")                 \
	X(NR, "no route")                          \
	X(URX, "retry limit exceeded")             \
	X(NC, "no cluster")                        \
	X(DC, "downstream connection termination") \
	X(UT, "upstream request timeout")          \
	X(UC, "upstream connection termination")   \
	X(UR, "upstream remote reset")             \
	X(DPE, "downstream protocol error")        \
	X(UPE, "upstream protocol error")          \
	X(SI, "stream idle timeout")               \
	X(DT, "duration timeout")                  \
	X(OM, "overload manager")                  \
	X(RL, "rate limited")                      \
	X(DI, "delay injected")                    \
	X(FI, "fault injected")

enum sl_flag {
#define SL_FLAG_ENUM(name, help) SL_FLAG_##name,
	SL_FLAG_LIST(SL_FLAG_ENUM)
#undef SL_FLAG_ENUM
		SL_FLAG_COUNT
};

struct sl_log_record {
	uint64_t start_wall_us;
	uint64_t bytes_received, bytes_sent; /* bodies */
	uint32_t duration_us;
	/* The request's story in microseconds after its first byte; UINT32_MAX: never happened. */
	uint32_t head_us, routed_us, upstream_us, first_byte_us;
	uint32_t accept_us; /* from the connection's begin to the request's first byte */
	uint32_t flags;     /* 1u << enum sl_flag */
	uint16_t status;
	uint8_t http_minor; /* 0, 1, or SL_LOG_NO_HTTP */
	uint8_t has_upstream;
	uint16_t downstream_port, local_port, upstream_port, upstream_local_port;
	struct sl_ip downstream_ip, local_ip, upstream_ip, upstream_local_ip;
	uint16_t len[SL_LOG_TEXTS];
	uint8_t pad[2]; /* so that text is where the struct ends */
	char text[];
};

/** Segment header. */
struct sl_ctl_hdr {
	uint64_t magic;
	uint32_t version;
	uint32_t layout;
	uint64_t size;
	/* Written by control. */
	uint64_t want_epoch; /* newest published configuration; what a starting data plane maps */
	uint64_t control_heartbeat_us;
	int32_t control_pid;
	uint32_t pad0;
	/* Written by the data plane's main lcore. */
	uint64_t daemon_heartbeat_us; /* monotonic; older than 1 s: not running */
	uint64_t daemon_generation;
	int32_t daemon_pid;
	uint32_t daemon_workers;
	/* Rung by control after a command: the main lcore sleeps on it (sl_bell.h). */
	uint32_t daemon_bell;
	uint32_t pad1;
};

struct sl_ctl; /* mapping */

/**
 * Opens the segment, creating or replacing it when it is missing or not of this layout. Rings whose
 * shape or indexes are impossible are emptied; all others keep what is in them.
 *
 * @param dir Instance folder, made with its parent when missing (mode 0700).
 * @return 0; -EPERM when the folder is not this user's alone; -EBUSY when another process holds
 *         the lock for seconds; -ENOSPC or another -errno, with a text. Close with
 *         sl_ctl_close; the file stays.
 */
int sl_ctl_open(struct sl_ctl **out, const char *dir, struct sl_err *err);
void sl_ctl_close(struct sl_ctl *ctl);

/**
 * Data plane, before its workers start: reserves and maps the memory of this many workers' rings,
 * so that writing to them neither faults nor finds /dev/shm full.
 *
 * @return 0; -EINVAL above SL_CTL_WORKERS_MAX; -ENOSPC with a text.
 */
int sl_ctl_reserve(struct sl_ctl *ctl, uint32_t workers, struct sl_err *err);

struct sl_ctl_hdr *sl_ctl_hdr(const struct sl_ctl *ctl);
/* The rings; NULL for a worker that can't be. */
struct sl_ring *sl_ctl_main_cmd(const struct sl_ctl *ctl);              /* control -> main lcore */
struct sl_ring *sl_ctl_main_ans(const struct sl_ctl *ctl);              /* main lcore -> control */
struct sl_ring *sl_ctl_ans(const struct sl_ctl *ctl, uint32_t worker);  /* worker -> control */
struct sl_ring *sl_ctl_log(const struct sl_ctl *ctl, uint32_t worker);  /* worker -> control */
struct sl_ring *sl_ctl_head(const struct sl_ctl *ctl, uint32_t worker); /* worker -> control */

/**
 * Segment folder of an instance, "/dev/shm/sluice/NAME".
 *
 * @return 0, or -EINVAL when the name is not [A-Za-z0-9_-]{1,32}.
 */
int sl_ctl_dir(const char *instance, char *buf, size_t cap, struct sl_err *err);

/** Path of snap.<epoch> in dir. @return buf. */
char *sl_ctl_snap_path(const char *dir, uint64_t epoch, char *buf, size_t cap);

#endif
