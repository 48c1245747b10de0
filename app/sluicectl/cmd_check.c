/* SPDX-License-Identifier: BSD-3-Clause */
/* check: the whole way from files to a snapshot in this process, with nothing published. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "objset.h"
#include "sluicectl.h"
#include "workspace.h"

static void print_ignored(const struct sl_objects *set)
{
	char label[1024];

	for (size_t i = 0; set != NULL && i < sl_objects_count(set); i++) {
		struct sl_object_ref ref = sl_objects_at(set, i);

		if (ref.ignored)
			printf("%s ignored (belongs to an application)\n",
			       objset_label(&ref, label, sizeof(label)));
	}
}

static void print_result(const struct workspace *k, const struct sl_snap *snap)
{
	print_ignored(k->manifests);
	print_ignored(k->batch);
	fflush(stdout);
	for (size_t i = 0; i < sl_objects_warning_count(k->all); i++)
		fprintf(stderr, "warning: %s\n", sl_objects_warning_at(k->all, i));
	printf("ok: %u listeners, %u virtual hosts, %u routes, %u clusters, %u endpoints, %u "
	       "services\n",
	       sl_snap_count(snap, SL_SNAP_LISTENERS), sl_snap_count(snap, SL_SNAP_VHOSTS),
	       sl_snap_count(snap, SL_SNAP_ROUTES), sl_snap_count(snap, SL_SNAP_CLUSTERS),
	       sl_snap_count(snap, SL_SNAP_ENDPOINTS), sl_snap_count(snap, SL_SNAP_SERVICES));
}

static int check(const struct ctl *ctl, const json_t *documents)
{
	struct workspace k = {0};
	struct sl_snap *snap = NULL;
	struct sl_err err = {""};
	size_t size;
	int rc = workspace_read(&k, ctl->conf_path, documents, &err);

	if (rc == 0)
		rc = compile_snapshot(k.conf, k.all, 1, NULL, NULL, &snap, &size, &err);
	if (rc < 0) {
		rc = ctl_fail(EXIT_REFUSED, "%s", err.text[0] ? err.text : "Out of memory.");
	} else {
		print_result(&k, snap);
		rc = EXIT_OK;
	}
	free(snap);
	workspace_free(&k);
	return rc;
}

int cmd_check(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {
		{"filename", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
	json_t *documents = json_array();
	int opt, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "f:", longs, NULL)) != -1) {
		if (opt == 'f')
			rc = documents_read(documents, optarg) != EXIT_OK ? EXIT_REFUSED + 1 : 0;
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0 && optind < argc)
		rc = ctl_usage(ctl, "Files are named with -f, not as \"%s\".", argv[optind]) + 1;
	rc = rc != 0 ? rc - 1 : check(ctl, documents);
	json_decref(documents);
	return rc;
}
