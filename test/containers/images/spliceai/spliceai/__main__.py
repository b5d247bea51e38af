import argparse

from spliceai.utils import Annotator, get_delta_scores


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-I", dest="input", required=True)
    parser.add_argument("-O", dest="output", required=True)
    args = parser.parse_args()
    ann = Annotator()
    variants = 0
    with open(args.input) as vcf, open(args.output, "w") as out:
        for line in vcf:
            if line.startswith("#"):
                continue
            chromosome, position, _, reference, alternatives = line.split()[:5]
            scores = get_delta_scores((chromosome, int(position), reference, alternatives.split(",")), ann)
            out.write("%s\t%s\t%s\n" % (chromosome, position, ",".join("%.4f" % score for score in scores)))
            variants += 1
    print("%d variants" % variants, flush=True)
    return 0


if __name__ == "__main__":
    main()
