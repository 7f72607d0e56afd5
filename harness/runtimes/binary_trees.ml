(* The workload `binary-trees` of the harness, with the same answer: see
   harness/src/workloads/binary_trees.rs. Prints the answer and the elapsed nanoseconds. *)

let depth_min = 4

(* Mutable, or the compiler would make one leaf for all trees. *)
type tree = Empty | Node of { mutable left : tree; mutable right : tree }

let rec grow depth =
  if depth = 0 then Node { left = Empty; right = Empty }
  else
    let left = grow (depth - 1) in
    let right = grow (depth - 1) in
    Node { left; right }

let rec count = function
  | Empty -> 0
  | Node { left; right } -> 1 + count left + count right

(* `Checksum` of the harness. *)
let checksum = ref 0L

let add value =
  let rotated =
    Int64.logor (Int64.shift_left !checksum 29) (Int64.shift_right_logical !checksum 35)
  in
  checksum := Int64.mul (Int64.logxor rotated value) 0x9E3779B97F4A7C15L

let () =
  let start = Unix.gettimeofday () in
  let depth_max = int_of_string Sys.argv.(1) in
  add (Int64.of_int (count (grow (depth_max + 1))));
  let long_lived = grow depth_max in
  let depth = ref depth_min in
  while !depth <= depth_max do
    let nodes = ref 0 in
    for _ = 1 to 1 lsl (depth_max - !depth + depth_min) do
      nodes := !nodes + count (grow !depth)
    done;
    add (Int64.of_int !nodes);
    depth := !depth + 2
  done;
  add (Int64.of_int (count long_lived));
  Printf.printf "%016Lx %.0f\n" !checksum ((Unix.gettimeofday () -. start) *. 1e9)
