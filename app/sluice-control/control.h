/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control process: what it knows, and the parts it is made of.
 *
 *   socket.c  clients' requests        -> command.c  table of commands
 *   change.c  candidate configuration  -> publish.c  snapshot, ring, acknowledgements
 *   dns.c     names of endpoints       -> resolver.c  questions to DNS servers
 *   state.c   applied objects on disk     access_log.c  records from the workers (own thread)
 *
 * One thread runs everything but the access log. A change is prepared aside as a whole and takes
 * the place of what is in use only once the data plane has not refused it.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sl_conf.h"
#include "sl_ctl.h"
#include "sl_snap_build.h"

#include "access_log.h"
#include "dns.h"
#include "history.h"
#include "jsontext.h"
#include "kinds.h"
#include "recent.h"
#include "snapfile.h"
#include "source.h"
#include "state.h"
#include "timing.h"

#define CONTROL_ACK_DEADLINE_US  5000000u
#define CONTROL_DAEMON_SILENT_US 1000000u
#define CONTROL_REMIND_MIN_US    500000u
#define CONTROL_REMIND_MAX_US    60000000u

/** Who waits for a change; id 0: nobody (start, signal). */
struct waiter {
	uint64_t client;
	json_t *answer; /* reference held; completed and sent when the change is done */
};

/** What a change consists of. What is NULL stays as it is. */
struct parts {
	struct sl_conf *conf;
	struct sl_objects *manifests, *applied;
	bool stored;        /* `applied` was read from disk and is not written there */
	bool names;         /* nothing is new but what names stand for */
	bool repin;         /* `pin` is new, too */
	uint64_t pin;       /* see struct control */
	uint32_t confirm_s; /* back by itself after so many seconds unless confirmed; 0: no */
};

/** A configuration on its way. */
struct change {
	bool active;
	struct parts parts;
	struct sl_objects *objects;
	struct state_change *state;
	struct snapfile snap;     /* written and mapped, not yet in use */
	uint64_t confirm_wall_us; /* end of the time to confirm; 0: needs no confirmation */
	struct waiter waiter;
	uint64_t started_us, compiled_us, written_us, staged_us, acked_us; /* monotonic */
	char cause[32]; /* "start", "reload", "apply", "delete" for the log and the history */
};

/** A change that is in use until it is confirmed or the time is over. */
struct confirmation {
	uint64_t epoch; /* to go back to; 0: nothing waits */
	uint64_t wall_us;
};

/** Publication that waits for the workers. */
struct publication {
	bool active;
	uint64_t epoch, deadline_us, generation;
	uint32_t op; /* enum sl_ctl_op */
};

/** What the data plane has said, per worker of its present run. Written by publish.c. */
struct daemon_view {
	uint64_t generation;
	uint64_t acked[SL_CTL_WORKERS_MAX];
	uint64_t remind_at_us, remind_every_us; /* while a worker has another epoch than wanted */
};

struct control {
	const char *conf_path, *log_level;
	char instance[33], dir[64], socket_path[108], state_dir[256];
	int lock_fd;
	uint64_t started_us;
	struct sl_conf *conf;
	struct sources *sources;
	struct dns *dns;
	struct sl_objects *manifests, *applied, *objects;
	struct history *history;
	uint64_t pin;     /* epoch whose manifests are used in place of the files; 0: the files */
	bool files_newer; /* they have changed since they were pinned */
	struct confirmation confirm;
	struct timing timing;
	struct sl_snap_cache *cache;
	struct sl_ctl *ctl;
	struct sl_ctl_hdr *hdr;
	struct snapfile snap; /* configuration in use; map NULL: none yet */
	bool unpatchable;     /* its file, or that of its routes, is not what this process has */
	uint64_t last_epoch;  /* highest ever given out */
	/* Why the files on disk are not what is in use; empty: they are. `fault`: since the start,
	 * so that nothing can be added to them; `source_fault`: a later state of them. */
	struct sl_err fault, source_fault;
	struct change change;
	struct publication pub;
	struct daemon_view daemon;
	struct recent *recent; /* filled by the access log's thread */
	struct access_log *log;
	struct sl_match_scratch *scratch; /* for explain */
	struct server *server;
	struct admin *admin;
	struct tally *tally; /* filled by the access log's thread */
	bool stop, reload_wanted;
};

/* ---- publish.c ---- */

/** Whether the data plane's heartbeat is fresh. */
bool publish_daemon_alive(const struct control *c);

/** Finds the configuration that an earlier run of control left. 0 or -errno with a text. */
int publish_recover(struct control *c, struct sl_err *err);

/**
 * Reads what the stats segment says: epoch of each worker (also of acknowledgements that an
 * earlier control got) and how many statistics slots there are.
 */
void publish_learn(struct control *c);

/**
 * Makes c->change.snap the wanted configuration and tells the data plane.
 *
 * @return 1: done, nobody to wait for; 0: publish_poll will end it; -errno: refused, undone.
 */
int publish_start(struct control *c, struct sl_err *err);

/** Pushes a command that is answered like a publication. 0 or -errno. */
int publish_command(struct control *c, uint32_t op, struct sl_err *err);

/** Reads answers; ends the publication that is complete, refused or late. */
void publish_poll(struct control *c);

/** Lowest epoch in use by a worker of the running data plane; UINT64_MAX: none runs. */
uint64_t publish_lowest_epoch(const struct control *c);

/* ---- change.c ---- */

/**
 * Prepares, publishes and on success takes over. The answer to `waiter` is sent when it is done;
 * on an immediate error it is not, and nothing has changed.
 *
 * @param parts What they point to is owned by the change from here on, also on error.
 */
int change_start(struct control *c, const char *cause, const struct parts *parts,
		 struct waiter waiter, struct sl_err *err);

/** Starts the way back to the objects of an earlier epoch. 0 or -errno, nothing changed. */
int change_rollback(struct control *c, uint64_t epoch, const char *cause, struct waiter waiter,
		    struct sl_err *err);

/** Says what applying these objects would change; changes nothing. 0 or -errno. (dryrun.c) */
int change_dry_run(struct control *c, const struct sl_objects *applied, json_t *answer,
		   struct sl_err *err);

/** Manifests and applied objects in one new set that knows what names stand for. */
int change_merge(const struct control *c, const struct sl_conf *conf,
		 const struct sl_objects *manifests, const struct sl_objects *applied,
		 struct sl_objects **out, struct sl_err *err);

/** What is no error but worth a word: to the log, and to whoever waits. */
void change_warn(json_t *answer, const char *text);

/** Goes back when the time to confirm is over. Lowers *due_us to that moment. */
void change_unconfirmed(struct control *c, uint64_t *due_us);

/** Reads all files again and starts that change. 0 or -errno, nothing changed. */
int change_reload(struct control *c, const char *cause, struct waiter waiter, struct sl_err *err);

/** Takes up what names stand for now, when nothing else is on its way. */
void change_names(struct control *c);

/** Takes up what the sources say now, when nothing else is on its way. */
void change_sources(struct control *c);

/** End of the publication: 0, -ETIMEDOUT (kept, late), or refused (undone). */
void change_done(struct control *c, int code, const char *text);

/** First configuration after a start. 0, or -errno when there is nothing to run on. */
int change_first(struct control *c, struct sl_err *err);

/* ---- command.c ---- */

#define COMMAND_LATER 1 /* the answer comes when the change is done */

/**
 * Carries out one request.
 *
 * @param answer Receives what is sent when the result is 0.
 * @return 0, COMMAND_LATER, -EAGAIN (again when the running change is done), -errno with a text.
 */
int command_run(struct control *c, uint64_t client, const json_t *request, json_t **answer,
		struct sl_err *err);

/** Each one fills the answer object; same results as command_run. */
typedef int command_fn(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		       struct sl_err *err);
command_fn command_apply, command_delete, command_check, command_reload; /* command_change.c */
command_fn command_rollback, command_history, command_confirm;           /* command_history.c */
command_fn command_recent;                                               /* command_recent.c */
command_fn command_diff;                                                 /* command_diff.c */
command_fn command_get;                                                  /* command_get.c */
command_fn command_pc;                                                   /* view.c */
command_fn command_explain;                                              /* explain.c */

/* ---- socket.c ---- */

int server_create(struct control *c, struct sl_err *err);
void server_free(struct control *c);

/** Waits for signals, sources and clients, at most timeout_us, and serves the clients. */
void server_poll(struct control *c, int signal_fd, uint64_t timeout_us);

/** Sends an answer to a client that waits; gone clients are ignored. Takes the reference. */
void server_answer(struct control *c, uint64_t client, json_t *answer);

/** Requests that were held back while a change ran are taken up in the next server_poll. */
void server_resume(struct control *c);

/** {"ok": false, "error": text, "code": ...}. */
json_t *server_error(int code, const char *text);

#endif
