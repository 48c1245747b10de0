/* SPDX-License-Identifier: BSD-3-Clause */
/* What the subcommands of sluicectl share: where the instance is, calls, output. */
#ifndef SLUICECTL_H
#define SLUICECTL_H

#include <jansson.h>
#include <stdbool.h>

#include "sl_conf.h"
#include "sl_stats.h"

/* Exit codes. */
enum {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,     /* invalid, or nothing there */
	EXIT_DIFFERENT = 1,   /* diff: as diff(1) */
	EXIT_DIFF_FAILED = 2, /* diff: as diff(1) */
	EXIT_USAGE = 2,       /* the command line is wrong */
	EXIT_UNREACHABLE = 3, /* no control process, or no data plane where one is needed */
};

struct ctl {
	const char *conf_path;
	const char *instance; /* -i: sluice.conf is not read */
	const char *socket;   /* -s */
	const char *command;  /* being run, for messages */
};

/** Options that every command takes, for getopt. */
#define CTL_OPTS "c:i:s:h"

/** One line "sluicectl: ..." on standard error. @return code. */
int ctl_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Takes an option of CTL_OPTS; anything else is a usage error. @return 0 or an exit code + 1. */
int ctl_option(struct ctl *ctl, int opt, const char *arg);

/** Points at the command's help. @return EXIT_USAGE. */
int ctl_usage(const struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Socket and segment folder of the instance.
 *
 * @param socket,dir May be NULL when not needed; 108 and 64 bytes.
 * @return EXIT_OK, or an exit code after a message.
 */
int ctl_locate(const struct ctl *ctl, char socket[108], char dir[64]);

/**
 * Sends a request and waits for its answer.
 *
 * @param request Reference is taken.
 * @param answer Receives the object when the result is EXIT_OK; decref it.
 * @return EXIT_OK, EXIT_REFUSED or EXIT_UNREACHABLE after a message.
 */
int ctl_call(const struct ctl *ctl, json_t *request, json_t **answer);

/** Same without a message when no control process runs. */
int ctl_call_quiet(const struct ctl *ctl, json_t *request, json_t **answer);

/** Maps the statistics of the instance; EXIT_OK or an exit code after a message. */
int ctl_stats(const struct ctl *ctl, struct sl_stats **out);

/** Whether the data plane that wrote them still runs. */
bool ctl_stats_alive(const struct sl_stats *stats);

/* ---- output ---- */

enum output { OUT_SHORT, OUT_JSON, OUT_YAML, OUT_WIDE, OUT_NAME };

/** Reads -o's argument; allowed is a list like "json|yaml|short". 0 or EXIT_USAGE. */
int out_parse(const struct ctl *ctl, const char *word, const char *allowed, enum output *out);

/** Four-space indented JSON as istioctl prints it. */
void out_json(const json_t *value);
/** The same as YAML with sorted keys. */
void out_yaml(const json_t *value);

/**
 * Cells in columns as Go's text/tabwriter does: each column as wide as its widest cell plus pad,
 * the last one as it is.
 */
struct table;
struct table *table_create(unsigned columns, unsigned pad);
/** One row of `columns` strings (copied; NULL: empty). */
void table_row(struct table *t, const char *const *cells);
/** Prints all and frees. */
void table_print(struct table *t);

/** "1h 2m 3s" @return buf. */
char *out_duration(uint64_t us, char buf[32]);

/* ---- commands ---- */

typedef int ctl_command(struct ctl *ctl, int argc, char **argv);
ctl_command cmd_apply, cmd_delete, cmd_check, cmd_reload;
ctl_command cmd_status, cmd_version, cmd_drain, cmd_undrain, cmd_endpoint;
ctl_command cmd_get, cmd_pc, cmd_explain;
ctl_command cmd_analyze;
ctl_command cmd_history, cmd_rollback, cmd_confirm, cmd_diff;
ctl_command cmd_stats, cmd_drops, cmd_workers, cmd_sessions, cmd_clients;

/** `get iptables`: services in use as kube-proxy's rules. @param family 4 or 6. */
int get_iptables(struct ctl *ctl, int family);

/** Reads the options of a command without its own; exactly n arguments may follow. @return as
 * ctl_option. */
int ctl_arguments(struct ctl *ctl, int argc, char **argv, int n);

/** The same of a command whose only option is --output, short or json; any arguments may follow. */
int ctl_output_option(struct ctl *ctl, int argc, char **argv, enum output *out);

/**
 * Sends a request that changes something, says what became of each object and what else is worth
 * a word.
 *
 * @param done Printed with the epoch; NULL: nothing.
 */
int ctl_change(struct ctl *ctl, json_t *request, const char *done);

/** Asks what a request to apply would change, and prints it. */
int dry_run_print(const struct ctl *ctl, json_t *request, enum output out);

/** explain --last: requests that clients sent. (explain_last.c) */
ctl_command explain_last;

/** Prints the steps of an explanation. (cmd_explain.c) */
void explain_print(const json_t *answer);

/** Prints the differences of two texts, unified. */
void lines_diff(const char *from, const char *to);

/* ---- documents ---- */

/**
 * Reads what -f names: a file, every *.yaml and *.yml of a folder, or "-".
 *
 * @param documents Array that {"name", "text"} are added to.
 * @return EXIT_OK, or EXIT_REFUSED after a message.
 */
int documents_read(json_t *documents, const char *path);

/** Prints "virtualservice/simple.simple configured" for each of an answer's objects, then warnings.
 */
void documents_report(const json_t *answer);

#endif
