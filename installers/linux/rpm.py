"""The package for Fedora, openSUSE and their kin."""

import shutil
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory

from installers import notices, product
from installers.job import Job, need, run, say
from installers.linux import elf, texts, tree

_SPEC = """\
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%global _binary_payload w19.zstdio
%global _buildhost reproducible
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global source_date_epoch_from_changelog 0
Name: {name}
Version: {version}
Release: 1
Summary: {summary}
License: {licence}
Group: Development/Tools
Packager: {packager}
{url}BuildArch: {machine}
AutoReqProv: no
Requires: libc.so.6(GLIBC_{glibc})(64bit)
Requires: ca-certificates
{requires}
%description
{description}

%install
cp -a "{root}/." %{{buildroot}}/

%files
%license /usr/share/licenses/{name}
%doc /usr/share/doc/{name}
{files}

%changelog
{changelog}
"""
# Of glibc, which is required by its version.
_GLIBC = {"ld-linux-aarch64.so.1", "ld-linux-x86-64.so.2", "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"} | {
    "librt.so.1",
    "libutil.so.1",
}


def rpm(job: Job) -> Path:
    """Makes copilot-api-VERSION-1.MACHINE.rpm. Raises CannotMake."""
    rpmbuild = need(
        "rpmbuild", hint="on Debian and Ubuntu run: sudo apt-get install rpm, on Fedora: sudo dnf install rpm-build"
    )
    with TemporaryDirectory(prefix="copilot-api-rpm-") as work:  # rpmbuild takes no path with a space in it
        built = _built(job, Path(work), rpmbuild)
        return Path(shutil.copy2(built, job.out / built.name))


def _built(job: Job, work: Path, rpmbuild: str) -> Path:
    root = work / "root"
    tree.plant(job, root / "usr", tree.Places())
    _documents(job, root / "usr" / "share")
    tree.settle(root)
    needs = elf.needs(job.folder, job.program)
    spec = work / f"{product.NAME}.spec"
    spec.write_text(_spec(root, needs), "utf-8")
    say("  packing with zstd")
    run(rpmbuild, "-bb", "--quiet", "--target", f"{needs.machine}-linux", "--define", f"_topdir {work}/top", spec, cwd=work)
    return next((work / "top" / "RPMS").rglob("*.rpm"))


def _documents(job: Job, share: Path) -> None:
    licences, documents = share / "licenses" / product.NAME, share / "doc" / product.NAME
    for folder in (licences, documents):
        folder.mkdir(parents=True)
    (licences / "LICENCES.txt").write_text(notices.plain(job.folder, job.report), "utf-8")
    shutil.copy(product.ROOT / "CHANGELOG.md", documents)


def _spec(root: Path, needs: elf.Needs) -> str:
    page = product.homepage()
    others = sorted(set(needs.libraries) - _GLIBC)
    return _SPEC.format(
        name=product.NAME,
        version=product.version(),
        summary=product.SUMMARY,
        licence=product.LICENCE,
        packager=product.MAINTAINER,
        url=f"URL: {page}\n" if page else "",
        machine=needs.machine,
        glibc=needs.glibc,
        requires="".join(f"Requires: {library}()(64bit)\n" for library in others),
        description="\n\n".join(textwrap.fill(paragraph, 78) for paragraph in product.DESCRIPTION),
        root=root,
        files="\n".join(_files(root)),
        changelog=texts.rpm_changelog(),
    )


def _files(root: Path) -> list[str]:
    """Each file by name, and the folder that is ours alone."""
    ours = f"/usr/{tree.PROGRAM_FOLDER}"
    listed = [f"/{path.relative_to(root)}" for path in sorted(root.rglob("*")) if path.is_symlink() or path.is_file()]
    apart = ("/usr/share/licenses/", "/usr/share/doc/")
    return [ours, *(path for path in listed if not path.startswith((f"{ours}/", *apart)))]
