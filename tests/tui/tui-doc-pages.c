/* SPDX-License-Identifier: Apache-2.0 */
/* tui-doc-pages.c - what docs/TUI.md shows, and what it says of it. */
#include "tests/tui/tui-doc.h"

/* ---- more of the store --------------------------------------------------------------------------------------- */

static void booted(struct fake *f)
{
	f->boot = "{\"total_ms\":212,\"accel\":\"kvm\",\"stages\":["
		  "{\"name\":\"prepare\",\"start_ms\":0,\"ms\":3.1},{\"name\":\"qemu\",\"start_ms\":3.1,\"ms\":38.4},"
		  "{\"name\":\"kernel\",\"start_ms\":41.5,\"ms\":83.3},{\"name\":\"agent\",\"start_ms\":124.8,\"ms\":15.8},"
		  "{\"name\":\"mounts\",\"start_ms\":140.6,\"ms\":22.9},{\"name\":\"network\",\"start_ms\":163.5,\"ms\":18.1},"
		  "{\"name\":\"process\",\"start_ms\":181.6,\"ms\":30.4}]}";
}

static void hosted(struct fake *f)
{
	f->probe = "{\"kvm\":{\"usable\":false,\"reason\":\"/dev/kvm cannot be opened: permission denied\"},\"chosen\":\"tcg\"}";
	f->info = "{\"qemu\":\"8.2.2\",\"kernel\":\"6.6.32\",\"kernel_path\":\"/usr/lib/berth/vmlinux\",\"guest_init\":true,"
		  "\"root\":\"/home/ana/.local/share/berth\",\"run_root\":\"/run/user/1000/berth\",\"rootless\":true,\"cpus\":4,"
		  "\"disk_free_bytes\":44238812774,\"disk_total_bytes\":128849018880}";
}

static void scrolled(struct fake *f)
{
	f->scrollback = "root@web1:/# ls /etc/nginx\n"
			"conf.d          fastcgi_params  mime.types  modules  nginx.conf\n"
			"root@web1:/# grep -c . /etc/nginx/nginx.conf\n"
			"26\n";
}

/* ---- screens ------------------------------------------------------------------------------------------------- */

#define PLAIN_HOME "r-containers" /* its store, whatever its size */

const struct doc_page doc_pages[] = {
	{ "Lists", "Home",
	  "The containers: what runs, what it uses, how it ended. It is what `berth` shows first, and {G:view-containers} from "
	  "everywhere. Here two rows are marked with {L:mark}.",
	  "b" },
	{ NULL, "First run", "While there is no container, home offers images to begin with, and says what the host can do.", "a" },
	{ NULL, "Filter line", "{G:find} narrows a list as one types; {G:back} gives back all of it.", "q" },
	{ NULL, "Images", "{G:view-images}: what is in the store, what it takes, who uses it.", "c" },
	{ NULL, "Layers of an image", "{L:open} on an image: its layers, and with which images it shares them.", "c",
	  "{G:view-images} {L:open}" },
	{ NULL, "A pull", "{I:pull} among images asks what to fetch and then shows it by layer; {G:back} lets it go on behind, "
	  "{G:copy} copies the digest of the layer under the cursor.",
	  "d" },
	{ NULL, "Jobs", "{G:view-jobs}: what runs in the background and what ran, each with its end.", "c", "{G:view-jobs}" },
	{ NULL, "Events", "{G:view-events}: what was done to containers and images, by whomever, as `berth events` tells it.", NULL,
	  "{G:view-events}" },
	{ NULL, "Messages", "{G:view-messages}: each result and error, with the command that does what was pressed.", PLAIN_HOME,
	  "{C:hold} {G:view-messages}" },
	{ NULL, "Trash", "{G:view-trash}: what was deleted; {X:undo} gives it back, {X:purge} is for good.", NULL,
	  "{G:view-trash}" },
	{ NULL, "Host", "{G:view-host}: what this host offers, and what to do where something is missing.", NULL, "{G:view-host}",
	  .model = hosted },
	{ NULL, "Consoles", "{G:view-consoles}: every terminal of every container, with who looks.", PLAIN_HOME,
	  "{G:view-consoles}" },
	{ NULL, "Home on a small terminal", "At 40 columns and 10 rows the least useful columns are gone, and all actions are there.",
	  PLAIN_HOME, NULL, 10, 40 },

	{ "One container", "Detail", "{L:open} or {C:detail} on a container: its statistics, processes, mounts; {G:section} goes "
	  "from section to section, {D:signal} sends a signal to the process under the cursor.", "e" },
	{ NULL, "Logs of several containers", "{G:view-logs}: the logs of the marked containers, else of all that are up, merged "
	  "by time; {T:only} keeps lines that match, {G:find} finds. {C:logs} on a container is the log of that one.", "h" },
	{ NULL, "Sources of a log", "{O:sources} in a log chooses whose lines are merged.", "h",
	  "Space Space Space {G:view-logs} {O:sources}" },
	{ NULL, "Selecting", "{G:select} freezes what is seen and gives it a cursor; {S:anchor} begins a selection, {S:copy} "
	  "copies it.", "e", "d {G:select} j {S:anchor-line} j" },
	{ NULL, "Boot", "{C:boot} on a container: how long each stage of its last start took.", PLAIN_HOME, "{C:boot}", .model = booted },
	{ NULL, "Raw description", "{I:raw} on a container or an image: all that is known of it, as JSON.", "c",
	  "{G:view-images} {I:raw}" },

	{ "Consoles", "A console", "{C:console} on a container: its terminal. Every key goes to the guest, but {K:send-prefix}.",
	  "f", "{K:close-menu}" },
	{ NULL, "Menu of a console", "{K:send-prefix} in a console, and a moment of thought: what the next key may be.", "f" },
	{ NULL, "Scrollback", "{K:send-prefix} {K:scrollback} in a console: what scrolled away, to read, find and select in.", "f",
	  "{K:scrollback}", .model = scrolled },

	{ "Forms", "Run a container", "{C:create} at home or among images. Below the fields stands the command that does the same.",
	  "m" },
	{ NULL, "Choices of a field", "{F:choices} in a field: what could stand there.", "c", "{C:create} {F:choices}" },
	{ NULL, "New process", "{C:exec} on a container that runs.", PLAIN_HOME, "{C:exec}" },
	{ NULL, "Signal", "{K:send-prefix} {K:signal} in a console.", "f", "{K:signal}" },
	{ NULL, "Pull an image", "{I:pull} among images.", "c", "{G:view-images} {I:pull}" },
	{ NULL, "Images from a file", "{I:import} among images: an archive with its images, or a tar of files under a name given "
	  "here.", "c", "{G:view-images} {I:import}" },
	{ NULL, "Another name for an image", "{I:label} on an image.", "c", "{G:view-images} {I:label}" },
	{ NULL, "Save a log", "{T:save} in a log writes what is shown to a file.", "h", "l {T:save}" },
	{ NULL, "Log in to a registry", "{G:login}, or by itself over a pull that needs it, which then goes on.", "n" },

	{ "Questions, help, palette", "A question",
	  "An UPPER-case key that changes something asks, and names it: here {C:stop}. {P:yes} does it, every other key does not.",
	  PLAIN_HOME, "{C:stop}" },
	{ NULL, "A question about what is marked", "With marks the question names all of them: here {C:kill}.", "b", "{C:kill}" },
	{ NULL, "What cannot be undone", "Its name must be typed: here {X:purge} in the trash.", NULL,
	  "{G:view-trash} {X:purge}" },
	{ NULL, "Quitting while a job runs", "{G:quit} anywhere, {G:back-quit} at home; containers are not asked about, as they "
	  "go on.", "d", "{G:quit}" },
	{ NULL, "Help", "{G:help}: the keys of where one is; typing narrows them.", "o" },
	{ NULL, "Palette", "{G:palette}: every action by name, with its key, so that one learns it; commands of the shell too, which are not "
	  "among these: they are typed out, and run. {F:history} finds what was typed before.", "p" },
	{ 0 },
};

/* ---- what there is ------------------------------------------------------------------------------------------- */

const struct doc_feature doc_features[] = {
	{ "First screen with images to begin with and checks of the host", DOC_PARTLY,
	  "from images, archives and folders; root file systems are not built there (`berth rootfs create`)" },
	{ "List of containers: marks, sorting, filter, CPU and memory while one looks", DOC_YES, "" },
	{ "Images, layers, pulls with a line a layer", DOC_YES, "{I:label} tags, {I:delete} deletes, {I:free} frees" },
	{ "Detail of a container in sections", DOC_YES, "" },
	{ "Consoles: menu, scrollback, several viewers, read-only", DOC_YES, "they outlive the UI" },
	{ "Logs of several containers by time: find, filter, follow, save", DOC_YES, "" },
	{ "Forms to run, exec, change, save, pull, import, tag, signal, log in", DOC_YES, "they show the command that does the same" },
	{ "Drafts of forms, earlier input of forms and lines", DOC_YES, "until berth ends; {F:history}" },
	{ "Jobs, messages, trash, list of consoles", DOC_YES, "" },
	{ "Questions that cannot be answered by accident; undo", DOC_YES, "" },
	{ "Help and palette from the table of keys; commands of the shell run from there", DOC_YES, "" },
	{ "Terminals down to 40x10, and of one colour", DOC_YES, "" },
	{ "Selecting and copying text; pasting into consoles", DOC_YES, "{G:select}, {G:copy}" },
	{ "A mode that only looks", DOC_YES, "`--read-only`, or by its name in the palette" },
	{ "Keys of one's own", DOC_YES, "section `[keys]` of berth-config(5); `reload` in the palette reads it again" },
	{ "Colours of one's own, and other options", DOC_YES, "sections `[colour]`, `[ui]`, `[console]`, `[logs]`" },
	{ "Stages of a boot as bars", DOC_PARTLY, "of the last start; not beside earlier ones" },
	{ "Mouse", DOC_YES, "clicks and the wheel, and guests that ask for it; {G:mouse} leaves it to the terminal" },
	{ "Slow lines", DOC_PARTLY, "a frame waits until the last was taken, and shows the newest state; the line is not measured" },
	{ "Fuzzy search", DOC_PARTLY, "in the palette; not in filters" },
	{ "Several consoles on one screen", DOC_NO, "" },
	{ "Builds of root filesystems", DOC_NO, "`berth rootfs create`" },
	{ "Networks and volumes", DOC_NO, "" },
	{ "The host: kvm, kernels, memory, disk, and what to do where something is missing", DOC_YES, "{G:view-host}" },
	{ "Events", DOC_YES, "{G:view-events}" },
	{ "Why a container ended, on a page", DOC_NO, "the list and the messages name exit code and cause" },
	{ "Changing limits or the name of what exists", DOC_YES, "{C:edit}" },
	{ "Winding a console back in time", DOC_NO, "" },
	{ "Choice of columns", DOC_NO, "" },
	{ "Commands of one's own", DOC_NO, "" },
	{ "The detail beside the list on a wide screen", DOC_NO, "" },
	{ "Without addressing the cursor (plain lines)", DOC_NO, "the command line does it" },
	{ "Synchronized output, kitty keyboard", DOC_NO, "" },
	{ 0 },
};
