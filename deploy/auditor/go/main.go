// Check an exported log with software that the authors of the log did not write: the packages note and tlog
// of golang.org/x/mod/sumdb, which guard Go's own module checksum database.
//
//	check [-vkey KEY] [-older CHECKPOINT [-oldervkey KEY]] EXPORT_DIR
//
// In five steps:
//
//  1. Opens `checkpoint` as a signed note by the key given, or by every key of `log.vkey`.
//  2. Reads the records from the entry bundles and recomputes the root of the tree over them.
//  3. Compares every hash tile of a log of that size with the one that follows from the records.
//  4. Reads the leaf of every record through tlog.TileHashReader, which authenticates the tiles by the root,
//     and checks inclusion proofs made from the tiles.
//  5. With -older: checks that the log extends the checkpoint that the auditor kept.
//
// Exit code: 0 if all holds, 1 at the first thing that does not. Never prints what a record says.
// Leaves to others: what the records mean (../recompute.py), bodies, `contents.json`.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	// Inclusion proofs are checked for so many records, evenly spread; each reads and authenticates a path of
	// tiles anew, and step 4 has compared every leaf anyway.
	maxProofs = 2000
)

// folder reads tiles from an export: the tlog.TileReader of C2SP's layout, which does not name the height.
type folder struct {
	path  string
	known map[tlog.Tile][]byte
}

func (f *folder) Height() int { return tileHeight }

func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, ok := f.known[t]
		if !ok {
			var err error
			name := strings.Replace(t.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
			if data, err = ioutil.ReadFile(filepath.Join(f.path, filepath.FromSlash(name))); err != nil {
				return nil, fmt.Errorf("%s: cannot be read", name)
			}
			if len(data) != t.W*tlog.HashSize {
				return nil, fmt.Errorf("%s: length", name)
			}
			f.known[t] = data
		}
		read[i] = data
	}
	return read, nil
}

// entries reads the records of one bundle; its path is that of the level 0 tile with "entries" for the level.
func (f *folder) entries(number int64, width int) ([][]byte, error) {
	t := tlog.Tile{H: tileHeight, L: 0, N: number, W: width}
	name := strings.Replace(t.Path(), fmt.Sprintf("tile/%d/0/", tileHeight), "tile/entries/", 1)
	data, err := ioutil.ReadFile(filepath.Join(f.path, filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read", name)
	}
	records := make([][]byte, 0, width)
	for len(records) < width {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s: cut", name)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		records, data = append(records, data[2:end]), data[end:]
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("%s: more than a log of this size has", name)
	}
	return records, nil
}

// head is what a checkpoint says once its signature holds.
type head struct {
	origin string
	tree   tlog.Tree
}

// open verifies a checkpoint by at least so many known keys, and reads origin, size and root from it.
func open(path string, known note.Verifiers, least int) (head, error) {
	name := filepath.Base(path)
	data, err := ioutil.ReadFile(path)
	if err != nil {
		return head{}, fmt.Errorf("%s: cannot be read", name)
	}
	opened, err := note.Open(data, known)
	if err != nil || len(opened.Sigs) < least {
		return head{}, fmt.Errorf("%s: no valid signature by a known key", name)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return head{}, fmt.Errorf("%s: form", name)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, fault := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || fault != nil || size < 0 || len(root) != tlog.HashSize {
		return head{}, fmt.Errorf("%s: form", name)
	}
	h := head{origin: lines[0], tree: tlog.Tree{N: size}}
	copy(h.tree.Hash[:], root)
	return h, nil
}

// keys makes verifiers of the key that the auditor brought, or of those that came with the export; and their number.
func keys(path, brought string) (note.Verifiers, int, error) {
	lines := brought
	if lines == "" {
		data, err := ioutil.ReadFile(filepath.Join(path, "log.vkey"))
		if err != nil {
			return nil, 0, errors.New("log.vkey: cannot be read")
		}
		lines = strings.TrimSuffix(string(data), "\n")
	}
	var verifiers []note.Verifier
	for _, line := range strings.Split(lines, "\n") {
		verifier, err := note.NewVerifier(line)
		if err != nil {
			return nil, 0, errors.New("verifier key: form")
		}
		verifiers = append(verifiers, verifier)
	}
	return note.VerifierList(verifiers...), len(verifiers), nil
}

// stored keeps the hashes of a tree in the order of tlog.StoredHashIndex.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(s)) {
			return nil, errors.New("no such hash")
		}
		hashes[i] = s[index]
	}
	return hashes, nil
}

// grow reads every record and returns the hashes of the tree over them.
func grow(f *folder, size int64) (stored, error) {
	var hashes stored
	for first := int64(0); first < size; first += tileWidth {
		width := size - first
		if width > tileWidth {
			width = tileWidth
		}
		records, err := f.entries(first/tileWidth, int(width))
		if err != nil {
			return nil, err
		}
		for i, record := range records {
			more, err := tlog.StoredHashes(first+int64(i), record, hashes)
			if err != nil {
				return nil, err
			}
			hashes = append(hashes, more...)
		}
	}
	return hashes, nil
}

// compareTiles compares every tile of the export with the one that follows from the records.
func compareTiles(f *folder, hashes stored, size int64) error {
	for _, t := range tlog.NewTiles(tileHeight, 0, size) {
		expected, err := tlog.ReadTileData(t, hashes)
		if err != nil {
			return err
		}
		data, err := f.ReadTiles([]tlog.Tile{t})
		if err != nil {
			return err
		}
		if !bytes.Equal(data[0], expected) {
			return fmt.Errorf("tile of level %d, number %d: not that of the records", t.L, t.N)
		}
	}
	return nil
}

// checkRecords compares every leaf with the tiles and checks inclusion proofs made from them.
func checkRecords(tiles tlog.HashReader, hashes stored, tree tlog.Tree) (int, error) {
	proofs, step := 0, tree.N/maxProofs+1
	for n := int64(0); n < tree.N; n++ {
		index := tlog.StoredHashIndex(0, n)
		if n%tileWidth == 0 {
			if err := compareLeaves(tiles, hashes, n, tree.N); err != nil {
				return proofs, err
			}
		}
		if n%step != 0 && n != tree.N-1 {
			continue
		}
		proof, err := tlog.ProveRecord(tree.N, n, tiles)
		if err != nil {
			return proofs, fmt.Errorf("record %d: no proof from the tiles", n)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, hashes[index]); err != nil {
			return proofs, fmt.Errorf("record %d: not in the tree", n)
		}
		proofs++
	}
	return proofs, nil
}

func compareLeaves(tiles tlog.HashReader, hashes stored, first, size int64) error {
	var indexes []int64
	for n := first; n < size && n < first+tileWidth; n++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, n))
	}
	leaves, err := tiles.ReadHashes(indexes)
	if err != nil {
		return fmt.Errorf("records from %d: tiles are not those of the root", first)
	}
	for i, index := range indexes {
		if leaves[i] != hashes[index] {
			return fmt.Errorf("record %d: another one in the tiles", first+int64(i))
		}
	}
	return nil
}

// checkOlder checks that the log extends an older checkpoint of it.
func checkOlder(tiles tlog.HashReader, now, older head) error {
	if older.origin != now.origin {
		return errors.New("the older checkpoint is of another log")
	}
	if older.tree.N > now.tree.N {
		return errors.New("shorter than the older checkpoint")
	}
	if older.tree.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(now.tree.N, older.tree.N, tiles)
	if err != nil {
		return errors.New("no consistency proof from the tiles")
	}
	if tlog.CheckTree(proof, now.tree.N, now.tree.Hash, older.tree.N, older.tree.Hash) != nil {
		return errors.New("rewritten since the older checkpoint")
	}
	return nil
}

func check(path, vkey, olderPath, olderKey string) (string, error) {
	known, least, err := keys(path, vkey)
	if err != nil {
		return "", err
	}
	now, err := open(filepath.Join(path, "checkpoint"), known, least)
	if err != nil {
		return "", err
	}
	files := &folder{path: path, known: map[tlog.Tile][]byte{}}
	hashes, err := grow(files, now.tree.N)
	if err != nil {
		return "", err
	}
	root, err := tlog.TreeHash(now.tree.N, hashes)
	if err != nil || root != now.tree.Hash {
		return "", errors.New("the root of the records is not the signed one")
	}
	if err := compareTiles(files, hashes, now.tree.N); err != nil {
		return "", err
	}
	tiles := tlog.TileHashReader(now.tree, files)
	proofs, err := checkRecords(tiles, hashes, now.tree)
	if err != nil {
		return "", err
	}
	if olderPath != "" {
		if olderKey != "" {
			if known, _, err = keys(path, olderKey); err != nil {
				return "", err
			}
		}
		older, err := open(olderPath, known, 1)
		if err != nil {
			return "", err
		}
		if err := checkOlder(tiles, now, older); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d 件の記録 / records, %d proofs, root %s", now.tree.N, proofs, now.tree.Hash), nil
}

func main() {
	vkey := flag.String("vkey", "", "手元の検証鍵 / the verifier key that you kept")
	older := flag.String("older", "", "手元の checkpoint / an older checkpoint that you kept")
	olderKey := flag.String("oldervkey", "", "その鍵が異なるとき / its key, where it is another one")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if *vkey == "" {
		fmt.Println("鍵は書き出しに付いていたもの / the key came with the export: bring your own with -vkey")
	}
	found, err := check(flag.Arg(0), *vkey, *older, *olderKey)
	if err != nil {
		fmt.Fprintln(os.Stderr, "一致しない / refused:", err)
		os.Exit(1)
	}
	fmt.Println("一致 / verified:", found)
}
