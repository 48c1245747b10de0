/* SPDX-License-Identifier: BSD-3-Clause */
/* sluicectl: the command line of an instance; the table of subcommands is the program. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sl_ctl.h"
#include "sluicectl.h"

static const struct subcommand {
	const char *name, *alias;
	ctl_command *run;
	const char *brief, *usage;
} subcommands[] = {
	{"apply", NULL, cmd_apply, "apply objects; returns when every worker has them",
	 "-f FILE|DIR|- [-f ...] [--prune] [--confirm TIME] [--dry-run]\n"
	 "\n"
	 "  -f              file of YAML, folder with *.yaml and *.yml, or - for standard input\n"
	 "  --prune         everything that was applied earlier and is not in it goes away\n"
	 "  --dry-run       only say what would change: routes, clusters, requests of the last\n"
	 "                  minute that would go elsewhere; with -o json\n"
	 "  --confirm 60s   back by itself after that time, unless `sluicectl confirm` is run\n"},
	{"analyze", NULL, cmd_analyze, "say what is allowed but most likely not meant",
	 "[-f FILE|DIR|- ...] [--failure-threshold error|warning|info] [-o json]\n"
	 "\n"
	 "Looks at sluice.conf, its manifests, what was applied, and the files given on top; "
	 "needs\n"
	 "no running process. Exit code 1 when there is something as bad as the threshold "
	 "(error).\n"},
	{"confirm", NULL, cmd_confirm, "let what `apply --confirm` changed stay", "\n"},
	{"diff", NULL, cmd_diff, "objects in use against the files, or between epochs",
	 "[EPOCH [EPOCH]] [-o json]\n"
	 "\n"
	 "Without an epoch: from what is in use to what the files say. With one: from that epoch "
	 "to\n"
	 "what is in use. Exit code 1 when there is a difference, as of diff(1).\n"},
	{"history", NULL, cmd_history, "configurations that were in use", "[-o json]\n"},
	{"rollback", NULL, cmd_rollback, "back to the objects of an earlier epoch",
	 "EPOCH\n"
	 "\n"
	 "Objects of the files are then those of that epoch too, until `sluicectl reload`.\n"
	 "What sluice.conf says natively stays.\n"},
	{"delete", NULL, cmd_delete, "delete applied objects",
	 "-f FILE|DIR|- | KIND NAME [-n NAMESPACE]\n"},
	{"check", NULL, cmd_check, "check files without using them; needs no running process",
	 "[-f FILE|DIR|- ...]\n"
	 "\n"
	 "Checks sluice.conf, its manifests, what was applied, and the files given on top.\n"},
	{"reload", NULL, cmd_reload, "read sluice.conf and its manifests again", "\n"},
	{"status", NULL, cmd_status, "epoch per worker, processes, buffers", "[-o json]\n"},
	{"get", NULL, cmd_get, "list objects",
	 "gateway|virtualservice|ingress|httproute|service|KIND|all [NAME] [-n NAMESPACE|-A]\n"
	 "           [-o yaml|json|wide|name]\n"
	 "     | iptables | ip6tables\n"
	 "\n"
	 "Kubernetes and Istio objects, from manifests and from apply. What sluice.conf says\n"
	 "natively is in `sluicectl pc`. iptables: L4 services in use as the chains that\n"
	 "kube-proxy would have written.\n"},
	{"proxy-config", "pc", cmd_pc, "listeners, routes, clusters, endpoints in use",
	 "all|bootstrap|cluster|ecds|eds|endpoint|listener|log|route|secret [FILTERS] [-o "
	 "short|json|yaml]\n"
	 "\n"
	 "  listener   --address IP --port N --type HTTP --verbose=false\n"
	 "  route      --name TABLE --verbose=false\n"
	 "  cluster    --fqdn TEXT --subset TEXT --direction outbound --port N\n"
	 "  endpoint   --address IP --port N --cluster NAME --status HEALTHY\n"
	 "  eds        the same\n"
	 "  all        --with-headers\n"},
	{"endpoint", NULL, cmd_endpoint, "set one endpoint by hand",
	 "drain|undrain ADDRESS:PORT [--cluster NAME]\n"
	 "           weight ADDRESS:PORT N|default [--cluster NAME]\n"
	 "\n"
	 "A drained endpoint finishes what it has and takes nothing new. It stays so over reloads\n"
	 "and restarts until it is undone; `sluicectl get endpointsetting` lists what was set.\n"},
	{"explain", NULL, cmd_explain, "say what happens to a request, and why",
	 "[-H HOST] URL [--port N] [--address IP] [-o json]\n"
	 "       sluicectl explain --last[=N] [-H HOST] [-o json]\n"
	 "\n"
	 "URL is /path or [http://]HOST[:PORT]/path. Without an address, any listener of that "
	 "port\n"
	 "or any service that leads to one is taken. With --last, the newest requests that "
	 "clients\n"
	 "sent in the last minute (to a Host with that text in it).\n"},
	{"stats", NULL, cmd_stats, "counters, summed over the workers", "[REGEX] [-o json]\n"},
	{"drops", NULL, cmd_drops, "packets dropped, by reason",
	 "[-a] [-o json]\n"
	 "\n"
	 "  -a         zeros too\n"},
	{"workers", NULL, cmd_workers, "what each worker did, and that no packet is missing",
	 "[-o json]\n"},
	{"sessions", NULL, cmd_sessions, "L4 sessions: list them, or end them",
	 "[kill] [FILTERS] [--limit N] [--offset N] [--count] [-o json]\n"
	 "\n"
	 "  --client IP[/LEN]        --service IP[:PORT]   --endpoint IP[:PORT]\n"
	 "  --proto tcp|udp|icmp     --state ESTABLISHED   (may be given again)\n"
	 "  --all                    kill: really all of them\n"
	 "\n"
	 "A session that is ended is forgotten: TCP ends find out by a reset at their next "
	 "segment,\n"
	 "UDP goes on with another session.\n"},
	{"clients", NULL, cmd_clients, "clients that limits count, and those that are denied",
	 "[--denied] [-o json]\n"
	 "\n"
	 "Each worker counts its own share of a client: one may stand there more than once.\n"},
	{"drain", NULL, cmd_drain, "stop taking connections, finish what is running", "\n"},
	{"undrain", NULL, cmd_undrain, "take connections again", "\n"},
	{"version", NULL, cmd_version, "versions of sluicectl and of the control process", "\n"},
};

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(subcommands); i++)
		if (strcmp(name, subcommands[i].name) == 0 ||
		    (subcommands[i].alias != NULL && strcmp(name, subcommands[i].alias) == 0))
			return &subcommands[i];
	return NULL;
}

static void help_command(const struct subcommand *sc)
{
	printf("Usage: sluicectl [-c FILE] %s %s", sc->name, sc->usage);
}

static void help(FILE *to)
{
	fputs("Usage: sluicectl [-c FILE] COMMAND ...\n\nCommands:\n", to);
	for (size_t i = 0; i < SL_ARRAY_LEN(subcommands); i++)
		fprintf(to, "  %-13s %s\n", subcommands[i].name, subcommands[i].brief);
	fputs("\n"
	      "  -c FILE      sluice.conf of the instance (default /etc/sluice/sluice.conf)\n"
	      "  -i NAME      instance by name, for when its sluice.conf cannot be read\n"
	      "  -s SOCKET    socket of its control process\n"
	      "\n"
	      "`sluicectl COMMAND --help` says more. Exit codes: 0 done, 1 refused or not found,\n"
	      "2 wrong command line, 3 not reachable.\n",
	      to);
}

int ctl_fail(int code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("sluicectl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

int ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ctl_fail(EXIT_USAGE, "%s See `sluicectl %s --help`.", text, ctl->command);
}

int ctl_option(struct ctl *ctl, int opt, const char *arg)
{
	switch (opt) {
	case 'c':
		ctl->conf_path = arg;
		return 0;
	case 'i':
		ctl->instance = arg;
		return 0;
	case 's':
		ctl->socket = arg;
		return 0;
	case 'h':
		help_command(find(ctl->command));
		return EXIT_OK + 1;
	default:
		return ctl_usage(ctl, "An option is unknown or lacks its value.") + 1;
	}
}

static int locate_by_conf(const struct ctl *ctl, char socket[108], char instance[33])
{
	struct sl_conf *conf;
	struct sl_err err;

	if (sl_conf_read(&conf, ctl->conf_path, &err) < 0)
		return ctl_fail(EXIT_REFUSED, "%s", err.text);
	snprintf(socket, 108, "%s", sl_conf_control(conf)->socket);
	snprintf(instance, 33, "%s", sl_conf_box(conf)->instance);
	sl_conf_free(conf);
	return EXIT_OK;
}

int ctl_locate(const struct ctl *ctl, char socket[108], char dir[64])
{
	char where[108], instance[33];
	struct sl_err err;
	int rc = EXIT_OK;

	if (ctl->instance != NULL) {
		snprintf(instance, sizeof(instance), "%s", ctl->instance);
		snprintf(where, sizeof(where), "/run/sluice/%s.sock", instance);
	} else if (ctl->socket == NULL || dir != NULL) {
		rc = locate_by_conf(ctl, where, instance);
	}
	if (rc != EXIT_OK)
		return rc;
	if (dir != NULL && sl_ctl_dir(instance, dir, 64, &err) < 0)
		return ctl_fail(EXIT_USAGE, "%s", err.text);
	if (socket != NULL)
		snprintf(socket, 108, "%s", ctl->socket != NULL ? ctl->socket : where);
	return EXIT_OK;
}

static int unknown(const char *name)
{
	const char *names[SL_ARRAY_LEN(subcommands) + 1] = {NULL};
	const char *near;

	for (size_t i = 0; i < SL_ARRAY_LEN(subcommands); i++)
		names[i] = subcommands[i].name;
	near = sl_nearest(name, names);
	return near != NULL
		       ? ctl_fail(EXIT_USAGE, "There is no command \"%s\"; did you mean \"%s\"?",
				  name, near)
		       : ctl_fail(EXIT_USAGE, "There is no command \"%s\"; see `sluicectl help`.",
				  name);
}

static int dispatch(struct ctl *ctl, int argc, char **argv)
{
	const struct subcommand *sc;

	if (strcmp(argv[0], "help") == 0) {
		sc = argc > 1 ? find(argv[1]) : NULL;
		if (argc > 1 && sc == NULL)
			return unknown(argv[1]);
		if (sc != NULL)
			help_command(sc);
		else
			help(stdout);
		return EXIT_OK;
	}
	sc = find(argv[0]);
	if (sc == NULL)
		return unknown(argv[0]);
	ctl->command = sc->name;
	optind = 0; /* glibc: scan anew, with all of its state */
	return sc->run(ctl, argc, argv);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct ctl ctl = {.conf_path = "/etc/sluice/sluice.conf", .command = "help"};
	int opt, rc;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+" CTL_OPTS, longs, NULL)) != -1) {
		if (opt == 'h') {
			help(stdout);
			return EXIT_OK;
		}
		if (ctl_option(&ctl, opt, optarg) != 0)
			return EXIT_USAGE;
	}
	if (optind >= argc) {
		help(stderr);
		return EXIT_USAGE;
	}
	rc = dispatch(&ctl, argc - optind, argv + optind);
	if (fflush(stdout) != 0 && rc == EXIT_OK)
		rc = ctl_fail(EXIT_REFUSED, "The output cannot be written.");
	return rc;
}
